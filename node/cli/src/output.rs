//! What a command prints: a view as one JSON document, or text and tables for people.
//!
//! Results go to standard output, everything else (progress, notes, errors) to standard error. Text that
//! others wrote is cleaned of control characters, so that a title or a log line cannot steer a terminal.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use qianmo_proto::WireError;
use serde::Serialize;

use super::{
    env,
    exit::Fault,
    foreign::io_error,
    lang::Lang,
    when,
    words::{Message, msg},
};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub(crate) json: bool,
    /// The language of messages.
    pub(crate) lang: Lang,
}

impl Output {
    /// Prints `view` as JSON, or what `text` makes of it. A reader that has gone away (`| head`) is no error.
    pub(crate) fn show<T: Serialize + ?Sized>(
        &self,
        view: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Fault> {
        let mut text = if self.json { to_json(view)? } else { text() };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let written = io::stdout().lock().write_all(text.as_bytes());
        match written {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                Err(Fault::failed(msg("stdout-unwritable").saying("error", io_error(&e))))
            }
            _ => Ok(()),
        }
    }

    /// Prints a line of news for people; silent with `--json`.
    pub(crate) fn note(&self, line: &str) {
        if !self.json {
            eprint_line(&clean(line));
        }
    }

    /// Prints what the user must have read before a question, also with `--json`.
    pub(crate) fn aside(self, text: &str) {
        eprint_line(&clean(text));
    }

    /// Prints an error.
    pub(crate) fn fault(&self, fault: &Fault) {
        let text =
            if self.json { fault.to_json(self.lang).to_string() } else { clean(&fault.text(self.lang)) };
        eprint_line(&text);
    }

    /// A node's error in the user's language, with its code.
    pub(crate) fn error(&self, error: &WireError) -> String {
        msg("at").with("place", error.code).with("message", self.lang.error(error)).told(self.lang)
    }

    /// The message in the user's language.
    pub(crate) fn say(&self, message: &Message) -> String {
        message.told(self.lang)
    }

    /// The name of a column or fact in the user's language: `label-…` in the catalogues.
    pub(crate) fn label(&self, name: &'static str) -> &'static str {
        self.lang.label(name)
    }

    /// A moment for people, in their time zone.
    pub(crate) fn time(&self, ms: i64) -> String {
        when::shown(ms, &env::zone())
    }

    /// A spinner with a message, on a terminal only. It goes when it is dropped.
    pub(crate) fn spinner(&self, message: String) -> ProgressBar {
        if self.json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let template =
            if env::no_color() { "{spinner} {elapsed} {msg}" } else { "{spinner:.cyan} {elapsed} {msg}" };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let spinner = ProgressBar::new_spinner().with_style(style).with_message(message);
        spinner.enable_steady_tick(std::time::Duration::from_millis(120));
        spinner
    }
}

/// Whether there is a terminal to ask on.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks y/N on the terminal. Without one, the answer must be on the command line.
pub(crate) fn confirm(question: &str) -> Result<bool, Fault> {
    if !can_ask() {
        return Err(Fault::input(msg("nobody-to-ask")));
    }
    let ask = || -> io::Result<String> {
        let mut stderr = io::stderr();
        write!(stderr, "{question} [y/N] ")?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(answer)
    };
    let answer =
        ask().map_err(|e| Fault::failed(msg("terminal-unreadable").saying("error", io_error(&e))))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是"))
}

fn eprint_line(line: &str) {
    print_aside(&format!("{line}\n"));
}

/// Writes `text` to standard error.
pub(crate) fn print_aside(text: &str) {
    // Nobody is left to tell if standard error is gone.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes `text` to standard output, where nobody is left to tell if that is gone.
pub(crate) fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn to_json<T: Serialize + ?Sized>(view: &T) -> Result<String, Fault> {
    serde_json::to_string_pretty(view).map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))
}

/// Text of others of which all can be seen: control characters, marks of direction and whatever has no width show as
/// escapes, so that it neither steers a terminal nor reads as what it is not. Line ends stay.
pub(crate) fn clean(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || is_seen(c) { seen.push(c) } else { seen.extend(c.escape_default()) }
    }
    seen
}

/// The same on one line: line ends show as escapes, too, so that a text cannot add lines of its own.
pub(crate) fn line(text: &str) -> String {
    clean(text).replace('\n', "\\n")
}

/// Whether a reader sees `c` where it stands. The standard library knows control and format characters; what it takes
/// for letters or marks, but Unicode for "default ignorable" or blank, is named here.
fn is_seen(c: char) -> bool {
    const BLANK: [std::ops::RangeInclusive<char>; 11] = [
        '\u{34f}'..='\u{34f}',
        '\u{115f}'..='\u{1160}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180f}',
        '\u{2065}'..='\u{2065}',
        '\u{2800}'..='\u{2800}',
        '\u{3164}'..='\u{3164}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{ffa0}'..='\u{ffa0}',
        '\u{fff0}'..='\u{fff8}',
        '\u{e0000}'..='\u{e0fff}',
    ];
    if c.is_ascii() || c == '\u{3000}' {
        return !c.is_control();
    }
    // After a letter a combining mark is no reason to escape.
    let escaped = ['a', c].iter().collect::<String>().escape_debug().count() > 2;
    !escaped && !BLANK.iter().any(|blank| blank.contains(&c))
}

/// A table without frame; headers are upper-case words or Chinese.
pub(crate) struct Rows {
    table: Table,
}

impl Rows {
    /// A table with these headers.
    pub(crate) fn new(headers: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(headers.iter().map(|header| line(header).to_uppercase()));
        Self { table }
    }

    /// Aligns the numbers of a column to the right.
    pub(crate) fn right(mut self, column: usize) -> Self {
        if let Some(column) = self.table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    /// Adds a row; cells are cleaned and kept on one line.
    pub(crate) fn add<const N: usize>(&mut self, cells: [&dyn Display; N]) {
        self.add_all(&cells.map(ToString::to_string));
    }

    /// Adds a row of any length.
    pub(crate) fn add_all(&mut self, cells: &[String]) {
        self.table.add_row(cells.iter().map(|cell| Cell::new(line(cell))));
    }

    /// The table as text, without blanks at line ends.
    pub(crate) fn text(&self) -> String {
        text_of(&self.table)
    }
}

/// `name  value` lines, the names padded to one width.
pub(crate) struct Facts {
    table: Table,
}

impl Facts {
    /// These lines.
    pub(crate) fn of(pairs: &[(&str, &dyn Display)]) -> Self {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        Self { table }.and(pairs)
    }

    /// These lines, too.
    pub(crate) fn and(mut self, pairs: &[(&str, &dyn Display)]) -> Self {
        for (name, value) in pairs {
            self.table.add_row([Cell::new(name), Cell::new(line(&value.to_string()))]);
        }
        self
    }

    /// This line, too, if there is a value.
    pub(crate) fn and_maybe(self, name: &str, value: Option<&dyn Display>) -> Self {
        match value {
            Some(value) => self.and(&[(name, value)]),
            None => self,
        }
    }

    /// The lines as text.
    pub(crate) fn text(&self) -> String {
        text_of(&self.table)
    }
}

/// Cells have a blank on either side; the first and the trailing ones only widen the text.
fn text_of(table: &Table) -> String {
    table.lines().map(|row| format!("{}\n", row.strip_prefix(' ').unwrap_or(&row).trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_display_width() {
        let mut rows = Rows::new(&["title", "rows"]).right(1);
        rows.add([&"乳腺癌筛查", &7]);
        rows.add([&"screening", &12_000]);
        assert_eq!(rows.text(), "TITLE        ROWS\n乳腺癌筛查      7\nscreening   12000\n");
    }

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc"), "a\\u{1b}[2Jb\\r\nc");
        assert_eq!(line("a\nb"), "a\\nb");
        let mut rows = Rows::new(&["x"]);
        rows.add([&"one\ntwo"]);
        assert_eq!(rows.text(), "X\none\\ntwo\n");
    }

    #[test]
    fn text_shown_to_approvers_hides_nothing() {
        let attacks = [
            // A line of the reader's own form, a right-to-left override, an isolate, blanks without width, a soft
            // hyphen, a byte-order mark, tags, fillers, selectors.
            ("statistics\nRUNS  1", "statistics\\nRUNS  1"),
            ("\u{202e}txt.exe", "\\u{202e}txt.exe"),
            ("\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}"),
            ("ad\u{200b}min\u{200d}\u{2060}", "ad\\u{200b}min\\u{200d}\\u{2060}"),
            ("co\u{ad}op\u{feff}", "co\\u{ad}op\\u{feff}"),
            ("a\u{e0041}\u{e007f}", "a\\u{e0041}\\u{e007f}"),
            ("x\u{3164}\u{115f}\u{2800}", "x\\u{3164}\\u{115f}\\u{2800}"),
            ("葛\u{e0100}\u{fe0f}", "葛\\u{e0100}\\u{fe0f}"),
            ("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c"),
            ("\t\u{7f}", "\\t\\u{7f}"),
        ];
        for (attack, shown) in attacks {
            assert_eq!(line(attack), shown);
            assert!(Facts::of(&[("purpose", &attack)]).text().contains(shown), "{shown}");
            let mut rows = Rows::new(&["purpose"]);
            rows.add([&attack]);
            assert!(rows.text().contains(shown), "{shown}");
        }
        // What people write stays as it is: Chinese with its blank, accents, Tibetan and Uyghur.
        for text in ["核定“三公”经费　（2026 年）", "e\u{301}é", "བོད་ཡིག", "ئۇيغۇر", "C:\\data 'x' \"y\""]
        {
            assert_eq!(line(text), text);
        }
    }
}
