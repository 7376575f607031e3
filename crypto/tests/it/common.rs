//! Reading of `tests/vectors/*.txt`.

/// One case of a vector file.
pub(crate) struct Case(Vec<(String, String)>);

impl Case {
    /// The value as it is written.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("the case has no `{name}`"))
    }

    /// The value as bytes: hexadecimal, or plain text after `text:`.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.text(name);
        text.strip_prefix("text:")
            .map_or_else(|| hex::decode(text).unwrap(), |plain| plain.as_bytes().to_vec())
    }

    /// The value, base64, in the frame and the lines of 64 characters of PEM.
    pub(crate) fn pem(&self, name: &str, label: &str) -> String {
        let lines = self.text(name).as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
        let lines = lines.collect::<Vec<&str>>().join("\n");
        format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
    }

    /// The value as exactly `N` bytes.
    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }
}

/// The cases of a file, at least one.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let is_comment = |line: &&str| !line.starts_with('#');
    let lines: Vec<&str> = file.lines().filter(is_comment).collect();
    let cases: Vec<Case> = lines
        .split(|line| line.is_empty())
        .filter(|lines| !lines.is_empty())
        .map(|lines| Case(lines.iter().map(|line| field(line)).collect()))
        .collect();
    assert!(!cases.is_empty());
    cases
}

fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(" = ").unwrap();
    (name.to_owned(), value.to_owned())
}
