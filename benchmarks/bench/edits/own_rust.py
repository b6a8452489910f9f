"""Rust functions of our own, and one mistake for each: no model has seen them.

`FUNCTIONS` is the file `src/functions.rs`, about shelves, buses, sensors, games and texts. `MISTAKES` says of
each function which text, that is in it once, becomes which other text.
"""

FUNCTIONS = r"""
/// A title of a library, with how many copies are on the shelf.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    pub title: String,
    pub copies: u32,
}

/// The shelf with one copy of a title less; an error text if the title is unknown or has no copy.
pub fn borrow_copy(shelf: &[Book], title: &str) -> Result<Vec<Book>, String> {
    let mut left = shelf.to_vec();
    match left.iter_mut().find(|book| book.title == title) {
        None => Err(format!("unknown title: {title}")),
        Some(book) if book.copies == 0 => Err(format!("no copy left: {title}")),
        Some(book) => {
            book.copies -= 1;
            Ok(left)
        }
    }
}

/// The title without a first word "A", "An" or "The" (in any case), in small letters, as a key to sort by.
pub fn sort_key(title: &str) -> String {
    let small = title.trim().to_lowercase();
    for article in ["a ", "an ", "the "] {
        if let Some(rest) = small.strip_prefix(article) {
            return rest.trim_start().to_string();
        }
    }
    small
}

/// Every `every` minutes from `first` to at most `last`, empty if that is earlier; None if `every` is 0.
pub fn departures(first: u32, last: u32, every: u32) -> Option<Vec<u32>> {
    if every == 0 {
        return None;
    }
    Some((first..=last).step_by(every as usize).collect())
}

/// When a bus arrives at each stop: it starts at `start`, rides each leg, and waits `wait` between two legs.
pub fn arrivals(start: u32, legs: &[u32], wait: u32) -> Vec<u32> {
    let mut time = start;
    let mut times = Vec::new();
    for leg in legs {
        time += leg;
        times.push(time);
        time += wait;
    }
    times
}

/// The fare in cents between two zones: 150 in one zone, 80 more for each border crossed, at most 450.
pub fn zone_fare(from: u32, to: u32) -> u32 {
    let borders = from.abs_diff(to);
    let fare = borders.saturating_mul(80).saturating_add(150);
    fare.min(450)
}

/// The litres in a barrel after all changes, never below 0 nor above the capacity; panics if that is < 0.
pub fn barrel_level(capacity: i32, start: i32, changes: &[i32]) -> i32 {
    let mut level = start.clamp(0, capacity);
    for change in changes {
        level = (level + change).clamp(0, capacity);
    }
    level
}

/// Whether a heater is on after each reading: on below `low`, off above `high`, else as before; off at first.
pub fn heater_states(readings: &[i32], low: i32, high: i32) -> Vec<bool> {
    let mut on = false;
    let mut states = Vec::with_capacity(readings.len());
    for &reading in readings {
        if reading < low {
            on = true;
        } else if reading > high {
            on = false;
        }
        states.push(on);
    }
    states
}

/// The indices of the values that are greater than both neighbours; the first and the last are never peaks.
pub fn peaks(values: &[i32]) -> Vec<usize> {
    (1..values.len().saturating_sub(1))
        .filter(|&at| values[at] > values[at - 1] && values[at] > values[at + 1])
        .collect()
}

/// The readings with each gap filled by the last reading before it; gaps before the first one are left out.
pub fn fill_gaps(readings: &[Option<i32>]) -> Vec<i32> {
    let mut last = None;
    let mut filled = Vec::new();
    for reading in readings {
        last = reading.or(last);
        if let Some(value) = last {
            filled.push(value);
        }
    }
    filled
}

/// The name and value of a line "name = value", trimmed, parted at the first "="; None without "=" or name.
pub fn parse_setting(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    Some((name.to_string(), value.trim().to_string()))
}

/// The three numbers of a version such as "1.20.3"; an error text if a part is no number or not three parts.
pub fn parse_version(text: &str) -> Result<(u32, u32, u32), String> {
    let mut numbers = Vec::new();
    for part in text.split('.') {
        let number = part.parse::<u32>().map_err(|_| format!("not a number: {part:?}"))?;
        numbers.push(number);
    }
    match numbers[..] {
        [major, minor, patch] => Ok((major, minor, patch)),
        _ => Err(format!("{} parts instead of 3", numbers.len())),
    }
}

/// The character index of the first wrong closing bracket of ()[], else of the first left open, else None.
pub fn unmatched_bracket(text: &str) -> Option<usize> {
    let mut open: Vec<(char, usize)> = Vec::new();
    for (at, character) in text.chars().enumerate() {
        match character {
            '(' => open.push((')', at)),
            '[' => open.push((']', at)),
            ')' | ']' => match open.pop() {
                Some((expected, _)) if expected == character => {}
                _ => return Some(at),
            },
            _ => {}
        }
    }
    open.first().map(|&(_, at)| at)
}

/// A number from 1 to 3999 in Roman numerals, such as "XIV" for 14; None for all other numbers.
pub fn to_roman(number: u32) -> Option<String> {
    if number == 0 || number > 3999 {
        return None;
    }
    let values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1];
    let signs = ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"];
    let mut rest = number;
    let mut roman = String::new();
    for (value, sign) in values.iter().zip(signs) {
        while rest >= *value {
            roman.push_str(sign);
            rest -= value;
        }
    }
    Some(roman)
}

/// In how many places two texts have different characters; an error text if their lengths differ.
pub fn differences(first: &str, second: &str) -> Result<usize, String> {
    let (ours, theirs) = (first.chars().count(), second.chars().count());
    if ours != theirs {
        return Err(format!("lengths differ: {ours} and {theirs}"));
    }
    Ok(first.chars().zip(second.chars()).filter(|(one, other)| one != other).count())
}

/// The words in small letters with their counts, most frequent first, equally frequent ones alphabetically.
pub fn word_counts(text: &str) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for word in text.split_whitespace().map(str::to_lowercase) {
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    counts
}

/// The closed ranges sorted by start, those that overlap or share an end merged into one.
pub fn merge_ranges(ranges: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let mut sorted = ranges.to_vec();
    sorted.sort();
    let mut merged: Vec<(i32, i32)> = Vec::new();
    for (start, end) in sorted {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// The points of bowling-like rounds: the sum of each round's pins, and 5 more for each round of exactly 10.
pub fn round_points(rounds: &[(u32, u32)]) -> u32 {
    rounds
        .iter()
        .map(|&(first, second)| first + second)
        .map(|pins| if pins == 10 { pins + 5 } else { pins })
        .sum()
}

/// Where a robot gets to from (0, 0): N is y + 1, S y - 1, E x + 1, W x - 1; an error text at other letters.
pub fn walk(steps: &str) -> Result<(i32, i32), String> {
    let (mut x, mut y) = (0, 0);
    for (at, step) in steps.chars().enumerate() {
        match step {
            'N' => y += 1,
            'S' => y -= 1,
            'E' => x += 1,
            'W' => x -= 1,
            other => return Err(format!("unknown step {other:?} at {at}")),
        }
    }
    Ok((x, y))
}
"""

# name: (right, wrong)
MISTAKES: dict[str, tuple[str, str]] = {
    "borrow_copy": ("book.copies -= 1", "book.copies += 1"),
    "sort_key": ("return rest.trim_start()", "return small.trim_start()"),
    "departures": ("first..=last", "0..=last"),
    "arrivals": ("time += leg", "time = *leg"),
    "zone_fare": (".min(450)", ".max(450)"),
    "barrel_level": ("level + change", "level - change"),
    "heater_states": ("reading > high", "reading >= low"),
    "peaks": ("> values[at + 1]", "< values[at + 1]"),
    "fill_gaps": ("reading.or(last)", "*reading"),
    "parse_setting": ("name.to_string()", "line.to_string()"),
    "parse_version": ("Ok((major, minor, patch))", "Ok((major, patch, minor))"),
    "unmatched_bracket": ("if expected == character", "if expected != character"),
    "to_roman": ("rest >= *value", "rest > *value"),
    "differences": ("one != other", "one == other"),
    "word_counts": ("(word, 1)", "(word, 2)"),
    "merge_ranges": ("last.1.max(end)", "last.1.min(end)"),
    "round_points": ("first + second", "first * second"),
    "walk": ("'S' => y -= 1", "'S' => y += 1"),
}
