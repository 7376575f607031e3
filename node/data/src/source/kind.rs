//! What a file is, by its first bytes: for the many that only look like a table.

use std::fmt;

/// Bytes that tell.
pub(crate) const SNIFFED_BYTES: u64 = 4096;

/// A kind of file that is not the one declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A web page.
    Html,
    /// A ZIP archive, which an Excel workbook (.xlsx) is.
    Zip,
    /// A workbook of old Excel (.xls).
    OldExcel,
    /// UTF-16 text, what Excel calls Unicode text.
    Utf16,
    /// Apache Parquet.
    Parquet,
    /// A gzip file.
    Gzip,
    /// A PDF document.
    Pdf,
    /// None of these, where a Parquet file is declared.
    NotParquet,
    /// Text, where a Parquet file is declared.
    Text,
}

impl FileKind {
    /// What a file that is declared as CSV is instead, as far as its first bytes tell.
    pub(crate) fn instead_of_csv(start: &[u8]) -> Option<Self> {
        Self::by_magic(start).or_else(|| {
            let zeros = start.iter().filter(|byte| **byte == 0).count();
            // UTF-16 without a mark: every other byte of ASCII text is zero.
            (zeros > start.len() / 4).then_some(Self::Utf16).or_else(|| html(start).then_some(Self::Html))
        })
    }

    /// What a file that no Parquet reader takes is instead.
    pub(crate) fn instead_of_parquet(start: &[u8]) -> Self {
        match Self::instead_of_csv(start) {
            Some(Self::Parquet) => Self::NotParquet,
            Some(other) => other,
            None if start.iter().any(|byte| *byte < b' ' && !byte.is_ascii_whitespace()) => Self::NotParquet,
            None => Self::Text,
        }
    }

    fn by_magic(start: &[u8]) -> Option<Self> {
        let known: [(&[u8], Self); 8] = [
            (b"PK\x03\x04", Self::Zip),
            (b"PK\x05\x06", Self::Zip),
            (b"\xd0\xcf\x11\xe0", Self::OldExcel),
            (b"\xff\xfe", Self::Utf16),
            (b"\xfe\xff", Self::Utf16),
            (b"PAR1", Self::Parquet),
            (b"\x1f\x8b", Self::Gzip),
            (b"%PDF-", Self::Pdf),
        ];
        known.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, kind)| kind)
    }
}

fn html(start: &[u8]) -> bool {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    [&b"<!doctype"[..], b"<html", b"<head", b"<body", b"<table", b"<?xml"]
        .iter()
        .any(|tag| text.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag)))
}

/// Reads on from "`file.csv` …".
impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Html => {
                "is a web page (HTML), perhaps the page to log in at; download the file itself, as CSV in UTF-8"
            }
            Self::Zip => {
                "is an Excel workbook (.xlsx) or another ZIP archive; open it and save the sheet as CSV in UTF-8"
            }
            Self::OldExcel => "is a workbook of old Excel (.xls); open it and save the sheet as CSV in UTF-8",
            Self::Utf16 => "is UTF-16 text (Excel's Unicode text); save it as CSV in UTF-8",
            Self::Parquet => "is a Parquet file; set kind = \"parquet\" under [source]",
            Self::Gzip => "is compressed (gzip); unpack it first",
            Self::Pdf => "is a PDF document; export the table as CSV in UTF-8",
            Self::NotParquet => "is not a Parquet file, or only a part of one; write it anew",
            Self::Text => "is not a Parquet file but text; set kind = \"csv\" under [source]",
        })
    }
}

/// Whether bytes that are not UTF-8 could be Chinese text in GBK or GB 18030: pairs of a high byte and a second one, or
/// groups of four.
pub(super) fn could_be_gbk(mut bytes: &[u8]) -> bool {
    loop {
        bytes = match bytes {
            [] => return true,
            [0..=0x7f, rest @ ..] => rest,
            [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, rest @ ..] => rest,
            [0x81..=0xfe, b'0'..=b'9', 0x81..=0xfe, b'0'..=b'9', rest @ ..] => rest,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let cases: [(&[u8], Option<FileKind>); 12] = [
            (b"a,b\n1,2\n", None),
            (b"\xef\xbb\xbfa,b\n", None),
            (b"", None),
            (b"name,note\na\0b,1\n", None),
            (b"PK\x03\x04\x14", Some(FileKind::Zip)),
            (b"\xd0\xcf\x11\xe0\xa1", Some(FileKind::OldExcel)),
            (b"\xff\xfea\0,\0", Some(FileKind::Utf16)),
            (b"a\0,\0b\0\n\0", Some(FileKind::Utf16)),
            (b"PAR1xx", Some(FileKind::Parquet)),
            (b"\x1f\x8b\x08", Some(FileKind::Gzip)),
            (b"%PDF-1.7", Some(FileKind::Pdf)),
            (b" \r\n<!DOCTYPE html><html>", Some(FileKind::Html)),
        ];
        for (start, kind) in cases {
            assert_eq!(FileKind::instead_of_csv(start), kind, "{start:?}");
        }
        assert_eq!(FileKind::instead_of_parquet(b"a,b\n"), FileKind::Text);
        assert_eq!(FileKind::instead_of_parquet(b"PAR1\x00"), FileKind::NotParquet);
        assert_eq!(FileKind::instead_of_parquet(b"\x00\x01\x02abcdefghijkl"), FileKind::NotParquet);
    }

    #[test]
    fn chinese_text_in_gbk_is_told_from_broken_text() {
        assert!(could_be_gbk(b"1,\xc0\xee\xc4\xb3,21"));
        assert!(could_be_gbk(b"\x81\x30\x81\x30"));
        assert!(!could_be_gbk(b"caf\xe9"));
        assert!(!could_be_gbk(b"\xff\xff"));
    }
}
