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

use super::{env, exit::Fault, lang::Lang};

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
                Err(Fault::failed(format!("standard output cannot be written: {e}")))
            }
            _ => Ok(()),
        }
    }

    /// Prints a line of news for people; silent with `--json`.
    pub(crate) fn note(&self, line: &str) {
        if !self.json {
            eprint_line(line);
        }
    }

    /// Prints an error.
    pub(crate) fn fault(&self, fault: &Fault) {
        let text =
            if self.json { fault.to_json(self.lang).to_string() } else { clean(&fault.text(self.lang)) };
        eprint_line(&text);
    }

    /// A node's error in the user's language, with its code.
    pub(crate) fn error(&self, error: &WireError) -> String {
        format!("{}{}{}", error.code, self.t(": ", "："), self.lang.error(error))
    }

    /// The text in the user's language.
    pub(crate) const fn t<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        self.lang.pick(en, zh)
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

/// Asks y/N on the terminal. Without one, the answer must be on the command line.
pub(crate) fn confirm(question: &str) -> Result<bool, Fault> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Fault::input("there is no terminal to ask for confirmation; say --yes if you mean it"));
    }
    let ask = || -> io::Result<String> {
        let mut stderr = io::stderr();
        write!(stderr, "{question} [y/N] ")?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|e| Fault::failed(format!("the terminal cannot be read: {e}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是"))
}

fn eprint_line(line: &str) {
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

fn to_json<T: Serialize + ?Sized>(view: &T) -> Result<String, Fault> {
    serde_json::to_string_pretty(view)
        .map_err(|e| Fault::failed(format!("the answer does not serialise: {e}")))
}

/// Text of others without control characters (line ends stay), so that it cannot steer a terminal.
pub(crate) fn clean(text: &str) -> String {
    let safe = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(safe).collect()
}

/// The same on one line.
pub(crate) fn line(text: &str) -> String {
    clean(text).replace('\n', " ")
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
        table.set_header(headers.iter().map(|header| header.to_uppercase()));
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
            self.table.add_row([Cell::new(name), Cell::new(clean(&value.to_string()))]);
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
        assert_eq!(clean("a\u{1b}[2Jb\r\nc"), "a\u{fffd}[2Jb\u{fffd}\nc");
        assert_eq!(line("a\nb"), "a b");
        let mut rows = Rows::new(&["x"]);
        rows.add([&"one\ntwo"]);
        assert_eq!(rows.text(), "X\none two\n");
    }
}
