"""TypeScript functions of our own, and one mistake for each: no model has seen them.

`FUNCTIONS` is a module of loans, buses, gardens, readings and texts. `MISTAKES` says of each function which
text, that is in it once, becomes which other text.
"""

FUNCTIONS = r"""
/** A book that someone has taken home; days are counted from the library's opening. */
export interface Loan {
  title: string;
  dueDay: number;
  renewals: number;
  reserved: boolean;
}

/** The fee in cents for a late book: 20 a day but at most 500, half of that for children; 0 if not late. */
export function lateFee(daysLate: number, isChild: boolean): number {
  if (daysLate <= 0) {
    return 0;
  }
  const fee = Math.min(daysLate * 20, 500);
  return isChild ? fee / 2 : fee;
}

/** A copy of the loan, due 21 days after today, renewed once more; throws if reserved or renewed 3 times. */
export function renewLoan(loan: Loan, today: number): Loan {
  if (loan.reserved) {
    throw new Error(`${loan.title} is reserved`);
  }
  if (loan.renewals >= 3) {
    throw new Error(`${loan.title} was renewed too often`);
  }
  return { ...loan, dueDay: today + 21, renewals: loan.renewals + 1 };
}

/** The titles of the loans due before today, the one that is due longest first; equal days keep order. */
export function overdueTitles(loans: Loan[], today: number): string[] {
  return loans
    .filter((loan) => loan.dueDay < today)
    .sort((first, second) => first.dueDay - second.dueDay)
    .map((loan) => loan.title);
}

/** Minutes to the next departure, 0 if it is now; after the last, tomorrow's; throws without any. */
export function minutesToBus(now: number, departures: number[]): number {
  if (departures.length === 0) {
    throw new RangeError("no departures");
  }
  const waits = departures.map((departure) => (departure >= now ? departure - now : departure + 1440 - now));
  return Math.min(...waits);
}

/** The minutes since midnight of a time like "7:05" or "23:59"; null for any other text. */
export function parseClock(text: string): number | null {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (match === null) {
    return null;
  }
  const hours = Number(match[1]);
  const minutes = Number(match[2]);
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : null;
}

/** Whole seconds as "1h 2m 5s", without the parts that are 0; "0s" for 0; throws if negative. */
export function formatDuration(seconds: number): string {
  if (seconds < 0) {
    throw new RangeError("negative duration");
  }
  const counts: [number, string][] = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const parts = counts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
  return parts.length > 0 ? parts.join(" ") : "0s";
}

/** The length of the longest run of days with 0 mm of rain; 0 if it rained every day or there are no days. */
export function longestDrySpell(rain: number[]): number {
  let longest = 0;
  let current = 0;
  for (const amount of rain) {
    current = amount === 0 ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

/** Where plants go in a bed: every `spacing` from 0 up to its length, inclusive; throws if spacing <= 0. */
export function plantPositions(length: number, spacing: number): number[] {
  if (spacing <= 0) {
    throw new RangeError("spacing must be positive");
  }
  const positions: number[] = [];
  for (let at = 0; at <= length; at += spacing) {
    positions.push(at);
  }
  return positions;
}

/** Keeps the first reading, and each that differs from the last kept one by at most `maxJump`. */
export function dropSpikes(readings: number[], maxJump: number): number[] {
  const kept: number[] = [];
  for (const reading of readings) {
    if (kept.length === 0 || Math.abs(reading - kept[kept.length - 1]) <= maxJump) {
      kept.push(reading);
    }
  }
  return kept;
}

/** The middle value by size, for an even number of values the mean of the middle two; null if empty. */
export function median(values: number[]): number | null {
  if (values.length === 0) {
    return null;
  }
  const sorted = [...values].sort((first, second) => first - second);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The whole numbers and signs + - * / ( ) of a formula, without spaces; throws at other characters. */
export function tokenize(formula: string): string[] {
  const tokens: string[] = [];
  let rest = formula.trim();
  while (rest !== "") {
    const match = /^(\d+|[-+*/()])/.exec(rest);
    if (match === null) {
      throw new SyntaxError(`unexpected "${rest[0]}"`);
    }
    tokens.push(match[0]);
    rest = rest.slice(match[0].length).trim();
  }
  return tokens;
}

/** The value of a postfix formula such as 5 2 - with "+", "-" and "*"; throws if it is not one value. */
export function evaluatePostfix(tokens: (number | "+" | "-" | "*")[]): number {
  const stack: number[] = [];
  for (const token of tokens) {
    if (typeof token === "number") {
      stack.push(token);
      continue;
    }
    const [right, left] = [stack.pop(), stack.pop()];
    if (left === undefined || right === undefined) {
      throw new Error("a number is missing");
    }
    stack.push(token === "+" ? left + right : token === "-" ? left - right : left * right);
  }
  if (stack.length !== 1) {
    throw new Error("not one value");
  }
  return stack[0];
}

/** The first letter of each word as a capital with a dot: "ada king" is "A.K."; "" without words. */
export function initials(name: string): string {
  return name
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => word[0].toUpperCase() + ".")
    .join("");
}

/** The words in lines of at most `width` characters, as full as possible; a longer word is a line alone. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** Each run of a character as the character and its count, a count of 1 left out: "aaab" is "a3b". */
export function packRuns(text: string): string {
  let packed = "";
  let at = 0;
  while (at < text.length) {
    let end = at + 1;
    while (end < text.length && text[end] === text[at]) {
      end += 1;
    }
    packed += end - at > 1 ? `${text[at]}${end - at}` : text[at];
    at = end;
  }
  return packed;
}

/** A new grid, turned by 90 degrees clockwise; [] for an empty one; throws if rows differ in length. */
export function rotateClockwise(grid: number[][]): number[][] {
  if (grid.length === 0) {
    return [];
  }
  if (grid.some((row) => row.length !== grid[0].length)) {
    throw new Error("rows differ in length");
  }
  return grid[0].map((_, column) => grid.map((row) => row[column]).reverse());
}

/** How many of the up to 8 cells around a cell are true, itself not counted; cells off the grid are false. */
export function countNeighbours(grid: boolean[][], row: number, column: number): number {
  let count = 0;
  for (let down = -1; down <= 1; down += 1) {
    for (let across = -1; across <= 1; across += 1) {
      const isItself = down === 0 && across === 0;
      if (!isItself && grid[row + down]?.[column + across]) {
        count += 1;
      }
    }
  }
  return count;
}

/** The red, green and blue (0 to 255) of a colour like "#ff8000", in either case; throws for other texts. */
export function parseColour(text: string): [number, number, number] {
  if (!/^#[0-9a-fA-F]{6}$/.test(text)) {
    throw new Error(`not a colour: ${text}`);
  }
  const value = parseInt(text.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
"""

# name: (right, wrong)
MISTAKES: dict[str, tuple[str, str]] = {
    "lateFee": ("Math.min(", "Math.max("),
    "renewLoan": ("today + 21", "loan.dueDay + 21"),
    "overdueTitles": ("loan.dueDay < today", "loan.dueDay > today"),
    "minutesToBus": ("departure - now", "now - departure"),
    "parseClock": ("hours * 60 + minutes", "hours * 100 + minutes"),
    "formatDuration": ("(seconds / 60) % 60", "(seconds / 60)"),
    "longestDrySpell": ("current + 1 : 0", "current + 1 : current"),
    "plantPositions": ("let at = 0", "let at = spacing"),
    "dropSpikes": ("<= maxJump", "> maxJump"),
    "median": ("% 2 === 1", "% 2 === 0"),
    "tokenize": (r"(\d+|", r"(\d|"),
    "evaluatePostfix": ("left - right", "right - left"),
    "initials": ("word[0].toUpperCase()", "word[0].toLowerCase()"),
    "wrapWords": ("last.length + 1 + word.length", "last.length"),
    "packRuns": ("let end = at + 1", "let end = at + 2"),
    "rotateClockwise": (".reverse()", ""),
    "countNeighbours": ("let down = -1", "let down = 0"),
    "parseColour": ("(value >> 8) & 255", "value >> 8"),
}
