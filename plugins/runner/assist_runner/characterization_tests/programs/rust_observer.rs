    // What stands below `use super::*` of a module that assist appends to a copy of a file: it runs calls, each
    // in a thread of its own, and prints a line of JSON for each. Values are shown as literals of Rust where
    // they have one. Nothing of it stays in the file.

    static HITS: std::sync::Mutex<std::collections::BTreeSet<u32>> =
        std::sync::Mutex::new(std::collections::BTreeSet::new());
    static PANIC: std::sync::Mutex<std::option::Option<(std::string::String, std::string::String, u32)>> =
        std::sync::Mutex::new(std::option::Option::None);

    /// A block of the subject begins.
    pub(crate) fn hit(line: u32) {
        HITS.lock().unwrap_or_else(|error| error.into_inner()).insert(line);
    }

    type Text = std::string::String;
    type Maybe<T> = std::option::Option<T>;

    /// What is compared in a test: `how` is put after the call, or says what is done with it.
    pub(crate) struct Shown {
        how: &'static str,
        text: Text,
        kind: &'static str,
    }

    fn shown(how: &'static str, text: Text, kind: &'static str) -> Maybe<Shown> {
        std::option::Option::Some(Shown { how, text, kind })
    }

    /// Values that have a literal. `top` is what is compared itself, not a part of it: a `&str` does there for
    /// a `String`.
    trait Literal: std::fmt::Debug {
        fn lit(&self, top: bool) -> Maybe<Text>;
        fn lit_ref(&self, top: bool) -> Maybe<Text> {
            let inner = self.lit(false)?;
            std::option::Option::Some(std::format!("&{inner}"))
        }
        fn how(&self) -> &'static str {
            ""
        }
    }

    macro_rules! plain {
        ($($kind:ty)*) => {$(
            impl Literal for $kind {
                fn lit(&self, _: bool) -> Maybe<Text> {
                    std::option::Option::Some(std::format!("{self:?}"))
                }
            }
        )*};
    }
    plain!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize bool char);

    impl Literal for () {
        fn lit(&self, _: bool) -> Maybe<Text> {
            std::option::Option::Some("()".into())
        }
    }

    macro_rules! floats {
        ($($kind:ty)*) => {$(
            impl Literal for $kind {
                fn lit(&self, top: bool) -> Maybe<Text> {
                    let text = std::format!("{self:?}");
                    let fits = self.is_finite() && (top || text.len() <= 8);
                    fits.then_some(text)
                }
                fn how(&self) -> &'static str {
                    if std::format!("{self:?}").len() > 8 { "about" } else { "" }
                }
            }
        )*};
    }
    floats!(f32 f64);

    fn quoted(text: &str) -> Text {
        let plain = text.contains('"') && !text.contains("\"#") && !text.chars().any(|c| c == '\\' || c.is_control());
        if plain { std::format!("r#\"{text}\"#") } else { std::format!("{text:?}") }
    }

    impl Literal for str {
        fn lit(&self, _: bool) -> Maybe<Text> {
            std::option::Option::Some(quoted(self))
        }
        fn lit_ref(&self, _: bool) -> Maybe<Text> {
            std::option::Option::Some(quoted(self))
        }
    }

    impl Literal for Text {
        fn lit(&self, top: bool) -> Maybe<Text> {
            let text = quoted(self);
            std::option::Option::Some(if top { text } else { std::format!("{text}.to_string()") })
        }
        fn lit_ref(&self, top: bool) -> Maybe<Text> {
            let text = quoted(self);
            std::option::Option::Some(if top { text } else { std::format!("&{text}.to_string()") })
        }
    }

    impl Literal for std::borrow::Cow<'_, str> {
        fn lit(&self, top: bool) -> Maybe<Text> {
            let text = quoted(self);
            std::option::Option::Some(if top { text } else { std::format!("{text}.into()") })
        }
    }

    impl Literal for std::path::Path {
        fn lit(&self, _: bool) -> Maybe<Text> {
            std::option::Option::None
        }
        fn lit_ref(&self, _: bool) -> Maybe<Text> {
            self.to_str().map(|text| std::format!("std::path::Path::new({text:?})"))
        }
    }

    impl Literal for std::path::PathBuf {
        fn lit(&self, _: bool) -> Maybe<Text> {
            self.to_str().map(|text| std::format!("std::path::PathBuf::from({text:?})"))
        }
    }

    impl<T: Literal + ?Sized> Literal for &T {
        fn lit(&self, top: bool) -> Maybe<Text> {
            (**self).lit_ref(top)
        }
    }

    impl<T: Literal> Literal for std::boxed::Box<T> {
        fn lit(&self, _: bool) -> Maybe<Text> {
            let inner = (**self).lit(false)?;
            std::option::Option::Some(std::format!("Box::new({inner})"))
        }
    }

    fn items<T: Literal>(all: &[T], top: bool) -> Maybe<Text> {
        let texts: Maybe<std::vec::Vec<Text>> = all.iter().map(|item| item.lit(top)).collect();
        texts.map(|texts| texts.join(", "))
    }

    /// Bytes as text, if that is what they are.
    fn bytes<T: Literal>(all: &[T]) -> Maybe<Text> {
        if std::any::type_name::<T>() != "u8" || all.len() < 2 {
            return std::option::Option::None;
        }
        let numbers: std::vec::Vec<u8> =
            all.iter().filter_map(|item| std::format!("{item:?}").parse().ok()).collect();
        let plain = numbers.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        let text = std::string::String::from_utf8(numbers).ok()?;
        plain.then(|| std::format!("b{text:?}"))
    }

    impl<T: Literal> Literal for [T] {
        fn lit(&self, _: bool) -> Maybe<Text> {
            std::option::Option::None
        }
        fn lit_ref(&self, top: bool) -> Maybe<Text> {
            if let std::option::Option::Some(text) = bytes(self) {
                return std::option::Option::Some(if top { text } else { std::format!("&{text}[..]") });
            }
            items(self, top).map(|text| std::format!("&[{text}]{}", if top { "" } else { "[..]" }))
        }
        fn how(&self) -> &'static str {
            if self.is_empty() { "is_empty" } else { "" }
        }
    }

    impl<T: Literal> Literal for std::vec::Vec<T> {
        fn lit(&self, top: bool) -> Maybe<Text> {
            if let std::option::Option::Some(text) = bytes(self) {
                return std::option::Option::Some(if top { text } else { std::format!("{text}.to_vec()") });
            }
            items(self, top).map(|text| std::format!("vec![{text}]"))
        }
        fn how(&self) -> &'static str {
            if self.is_empty() { "is_empty" } else { "" }
        }
    }

    impl<T: Literal, const N: usize> Literal for [T; N] {
        fn lit(&self, top: bool) -> Maybe<Text> {
            items(self, top).map(|text| std::format!("[{text}]"))
        }
    }

    impl<T: Literal> Literal for std::option::Option<T> {
        fn lit(&self, _: bool) -> Maybe<Text> {
            match self {
                std::option::Option::Some(value) => value.lit(false).map(|text| std::format!("Some({text})")),
                std::option::Option::None => std::option::Option::Some("None".into()),
            }
        }
    }

    impl<T: Literal, E: Literal> Literal for std::result::Result<T, E> {
        fn lit(&self, _: bool) -> Maybe<Text> {
            match self {
                std::result::Result::Ok(value) => value.lit(false).map(|text| std::format!("Ok({text})")),
                std::result::Result::Err(value) => value.lit(false).map(|text| std::format!("Err({text})")),
            }
        }
    }

    macro_rules! tuples {
        ($(($($name:ident $at:tt)+))*) => {$(
            impl<$($name: Literal),+> Literal for ($($name,)+) {
                fn lit(&self, _: bool) -> Maybe<Text> {
                    let parts = [$(self.$at.lit(false)?),+];
                    let end = if parts.len() == 1 { "," } else { "" };
                    std::option::Option::Some(std::format!("({}{end})", parts.join(", ")))
                }
            }
        )*};
    }
    tuples!((A 0) (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) (A 0 B 1 C 2 D 3 E 4) (A 0 B 1 C 2 D 3 E 4 F 5));

    impl Literal for std::cmp::Ordering {
        fn lit(&self, _: bool) -> Maybe<Text> {
            std::option::Option::Some(std::format!("std::cmp::Ordering::{self:?}"))
        }
    }

    impl Literal for std::time::Duration {
        fn lit(&self, _: bool) -> Maybe<Text> {
            let (seconds, nanos) = (self.as_secs(), self.subsec_nanos());
            std::option::Option::Some(std::format!("std::time::Duration::new({seconds}, {nanos})"))
        }
    }

    impl<T: Literal> Literal for std::ops::Range<T> {
        fn lit(&self, _: bool) -> Maybe<Text> {
            let (start, end) = (self.start.lit(false)?, self.end.lit(false)?);
            std::option::Option::Some(std::format!("({start}..{end})"))
        }
    }

    pub(crate) struct Held<T>(std::cell::RefCell<std::option::Option<T>>);

    pub(crate) fn hold<T>(value: T) -> Held<T> {
        Held(std::cell::RefCell::new(std::option::Option::Some(value)))
    }

    impl<T> Held<T> {
        fn take(&self) -> T {
            self.0.borrow_mut().take().unwrap()
        }
    }

    fn kind<T: ?Sized>(_: &T) -> &'static str {
        std::any::type_name::<T>()
    }

    fn by_debug<T: std::fmt::Debug>(value: &T) -> Maybe<Shown> {
        shown("debug", std::format!("{value:?}"), kind(value))
    }

    fn by_literal<T: Literal>(value: &T) -> Maybe<Shown> {
        match value.lit(true) {
            std::option::Option::Some(text) => {
                let empty = ["vec![]", "&[]"].contains(&text.as_str());
                shown(if empty { "is_empty" } else { value.how() }, text, kind(value))
            }
            std::option::Option::None => by_debug(value),
        }
    }

    // The first of these that fits a type is taken, since each needs one reference less than that before.
    trait ByLiteral {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: Literal> ByLiteral for &&&&&&Held<T> {
        fn show(&self) -> Maybe<Shown> {
            by_literal(&self.take())
        }
    }
    trait ByOutcome {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: Literal, E: std::fmt::Display + std::fmt::Debug> ByOutcome for &&&&&Held<std::result::Result<T, E>> {
        fn show(&self) -> Maybe<Shown> {
            match self.take() {
                std::result::Result::Ok(value) => match value.lit(false) {
                    std::option::Option::Some(text) if text != "()" => shown(".unwrap()", text, kind(&value)),
                    _ => shown("is_ok", "true".into(), kind(&value)),
                },
                std::result::Result::Err(error) => by_message(&error),
            }
        }
    }
    fn by_message<E: std::fmt::Display>(error: &E) -> Maybe<Shown> {
        shown(".unwrap_err().to_string()", quoted(&std::format!("{error}")), kind(error))
    }
    trait ByError {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: std::fmt::Debug, E: std::fmt::Display + std::fmt::Debug> ByError
        for &&&&Held<std::result::Result<T, E>>
    {
        fn show(&self) -> Maybe<Shown> {
            match self.take() {
                std::result::Result::Ok(value) => {
                    shown("unwrap debug", std::format!("{value:?}"), kind(&value))
                }
                std::result::Result::Err(error) => by_message(&error),
            }
        }
    }
    trait ByItems {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: std::iter::Iterator> ByItems for &&&Held<T>
    where
        T::Item: Literal,
    {
        fn show(&self) -> Maybe<Shown> {
            let all: std::vec::Vec<T::Item> = self.take().take(60).collect();
            if all.len() > 50 {
                return std::option::Option::None;
            }
            match items(&all, true) {
                std::option::Option::Some(text) if !text.is_empty() => {
                    shown(".collect::<Vec<_>>()", std::format!("vec![{text}]"), "")
                }
                std::option::Option::Some(_) => shown(".count()", "0".into(), ""),
                std::option::Option::None => std::option::Option::None,
            }
        }
    }
    trait ByDebug {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: std::fmt::Debug> ByDebug for &&Held<T> {
        fn show(&self) -> Maybe<Shown> {
            by_debug(&self.take())
        }
    }
    trait ByDisplay {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: std::fmt::Display> ByDisplay for &Held<T> {
        fn show(&self) -> Maybe<Shown> {
            shown(".to_string()", quoted(&std::format!("{}", self.take())), "")
        }
    }
    trait ByNothing {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T> ByNothing for Held<T> {
        fn show(&self) -> Maybe<Shown> {
            self.take();
            std::option::Option::None
        }
    }

    // The same for what a call may have changed.
    pub(crate) struct Seen<'a, T>(pub(crate) &'a T);
    trait AfterLiteral {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: Literal> AfterLiteral for &&&Seen<'_, T> {
        fn show(&self) -> Maybe<Shown> {
            by_literal(self.0)
        }
    }
    trait AfterDebug {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T: std::fmt::Debug> AfterDebug for &&Seen<'_, T> {
        fn show(&self) -> Maybe<Shown> {
            by_debug(self.0)
        }
    }
    trait AfterNothing {
        fn show(&self) -> Maybe<Shown>;
    }
    impl<T> AfterNothing for Seen<'_, T> {
        fn show(&self) -> Maybe<Shown> {
            std::option::Option::None
        }
    }

    /// What a call came to: its value, and what its variables are after it.
    pub(crate) struct Row(Maybe<Shown>, std::vec::Vec<(&'static str, Maybe<Shown>)>);

    fn json(text: &str) -> Text {
        let mut all = std::string::String::from("\"");
        for character in text.chars() {
            match character {
                '"' => all.push_str("\\\""),
                '\\' => all.push_str("\\\\"),
                ' '..='~' => all.push(character),
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        all.push_str(&std::format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        all.push('"');
        all
    }

    fn fields(value: &Maybe<Shown>) -> Text {
        match value {
            std::option::Option::Some(value) => {
                std::format!("[{}, {}, {}]", json(value.how), json(&value.text), json(value.kind))
            }
            std::option::Option::None => "null".into(),
        }
    }

    type Call = fn() -> Row;

    fn outcome(call: Call) -> Text {
        let result = std::panic::catch_unwind(call);
        let hits = std::format!("{:?}", HITS.lock().unwrap_or_else(|error| error.into_inner()));
        let hits = hits.replace('{', "[").replace('}', "]");
        match result {
            std::result::Result::Ok(Row(value, changes)) => {
                let after: std::vec::Vec<Text> = changes
                    .iter()
                    .map(|(name, change)| std::format!("[{}, {}]", json(name), fields(change)))
                    .collect();
                let (value, after) = (fields(&value), after.join(", "));
                std::format!("{{\"lines\": {hits}, \"value\": {value}, \"changes\": [{after}]}}")
            }
            std::result::Result::Err(_) => {
                let panic = PANIC.lock().unwrap_or_else(|error| error.into_inner()).take();
                let (message, file, line) = panic.unwrap_or_default();
                let (message, file) = (json(&message), json(&file));
                std::format!("{{\"lines\": {hits}, \"panic\": [{message}, {file}, {line}]}}")
            }
        }
    }

    #[test]
    fn observe() {
        let given = |name: &str| std::env::var(name).unwrap_or_default();
        let (mark, numbers) = (given("ASSIST_MARK"), given("ASSIST_CALLS"));
        let seconds: f64 = given("ASSIST_SECONDS").parse().unwrap_or(2.0);
        std::panic::set_hook(std::boxed::Box::new(|info| {
            let data = info.payload();
            let message = data.downcast_ref::<&str>().map(|text| Text::from(*text));
            let message = message.or_else(|| data.downcast_ref::<Text>().cloned()).unwrap_or_default();
            let (file, line) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
            *PANIC.lock().unwrap_or_else(|error| error.into_inner()) =
                std::option::Option::Some((message, file.into(), line));
        }));
        for number in numbers.split(',').filter_map(|number| number.parse::<usize>().ok()) {
            let call = CALLS[number];
            std::println!("\n{mark}{{\"begin\": {number}}}");
            HITS.lock().unwrap_or_else(|error| error.into_inner()).clear();
            let (sender, receiver) = std::sync::mpsc::channel();
            std::thread::spawn(move || sender.send(outcome(call)));
            match receiver.recv_timeout(std::time::Duration::from_secs_f64(seconds)) {
                std::result::Result::Ok(row) => std::println!("\n{mark}{{\"end\": {number}, \"row\": {row}}}"),
                std::result::Result::Err(_) => {
                    std::println!("\n{mark}{{\"late\": {number}}}");
                    std::process::exit(0);
                }
            }
        }
        std::process::exit(0);
    }
