//! The command line as users see it: help texts, usage errors, and the commands that need no node, each pinned
//! by a snapshot in `tests/cli/`. After a wanted change: `SNAPSHOTS=overwrite cargo test -p qianmo --test cli`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A folder to work in, with a home of its own.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the program; returns exit code, output and errors as one text without what differs from run to run.
    fn run(&self, line: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_qianmo"))
            .args(line.split_whitespace())
            .current_dir(self.dir.path())
            .env("QIANMO_HOME", self.path("home"))
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            // What a developer's terminal may set.
            .env_remove("LANGUAGE")
            .env_remove("COLUMNS")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null())
            .output()
            .expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let code = output.status.code().expect("no signal ended it");
        self.redact(&format!("$ qianmo {line}\n{stdout}{stderr}[exit {code}]\n"))
    }

    /// Runs several commands, one after the other.
    fn script(&self, lines: &str) -> String {
        lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| self.run(line)).collect()
    }

    fn redact(&self, text: &str) -> String {
        let here = self.dir.path().to_str().expect("a plain path");
        let words = text.replace(here, "[DIR]");
        let redacted = words.split_inclusive([' ', '\n', '"', ',']).map(redact_word);
        redacted.collect()
    }
}

/// Times and digests differ from run to run.
fn redact_word(word: &str) -> String {
    let core = word.trim_end_matches([' ', '\n', '"', ',', ';']);
    let rest = &word[core.len()..];
    let hex = core.len() >= 32 && core.chars().all(|c| c.is_ascii_hexdigit());
    let time = core.len() == 20 && core.starts_with("20") && core.ends_with('Z') && core.contains('T');
    match (hex, time) {
        (true, _) => format!("[HEX]{rest}"),
        (_, true) => format!("[TIME]{rest}"),
        _ => word.to_owned(),
    }
}

fn assert_snapshot(name: &str, actual: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(format!("{name}.txt"));
    let expected = snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(actual, expected.raw());
}

#[test]
fn help_is_pinned() {
    let desk = Desk::new();
    let groups = "ca id config context node peer data catalog model request contract job result audit";
    let single = "demo init serve run";
    assert_snapshot("help", desk.run("--help"));
    for group in groups.split(' ').chain(single.split(' ')) {
        assert_snapshot(&format!("help-{group}"), desk.run(&format!("{group} --help")));
    }
    let verbs =
        "ca issue\nid new\nmodel push\nrequest new\nrequest approve\njob run\nresult get\naudit verify";
    for verb in verbs.lines() {
        assert_snapshot(&format!("help-{}", verb.replace(' ', "-")), desk.run(&format!("{verb} --help")));
    }
}

#[test]
fn usage_errors_are_bad_input_and_never_look_like_a_verdict() {
    let desk = Desk::new();
    let lines = "
        nonsense
        peer add
        peer add hospital-a 127.0.0.1:1
        data show Not_A_Name
        request new --dataset screening
        job run
        run --model glm --contracts a --datasets b/c
        id new --dir x --department a --role node --name b
        ca issue nowhere.csr
        audit verify --root x
        audit verify --dir . --on hospital-b
        model push glm --everywhere --on hospital-b
        ca init --identity li
        ca issue li/id.csr --yes
        init --dir x --department a --on b
        id show --identity li --context li
        model push no-such-model
        --lang fr peer ls
        --json job run
    ";
    assert_snapshot("usage", desk.script(lines));
}

#[test]
fn without_a_context_every_command_says_how_to_get_one() {
    let desk = Desk::new();
    let lines = "
        peer ls
        peer ls --context nobody
        peer ls --identity me --node qianmo://a/node/main
        peer --identity me --node qianmo://a/node/main --address 127.0.0.1:1 ls
        --json peer ls
    ";
    assert_snapshot("no-context", desk.script(lines));
}

#[test]
fn a_federation_is_made_offline() {
    let desk = Desk::new();
    let made = desk.script(
        "
        ca init --dir ca --title Test
        ca init --dir ca
        init --dir hospital-a --department hospital-a --title Hospital --listen 127.0.0.1:0
        init --dir hospital-a --department hospital-a
        config check --dir hospital-a
        id new --dir li --department hospital-a --role steward --name li
        id new --dir li --department hospital-a --role steward --name li
        ca show li/id.csr
        ca issue li/id.csr --dir ca
        ca issue li/id.csr --dir ca --expect qianmo://hospital-a/consumer/li --yes
        ca issue li/id.csr --dir ca --expect qianmo://hospital-a/steward/li --yes
        ca issue li/id.csr --dir ca --expect qianmo://hospital-a/steward/li --yes
        ca ls --dir ca
        id show --identity li
        ca crl --dir ca --out li/crl.pem --hours 24
        id show --identity li
        ",
    );
    assert_snapshot("offline-make", made);
    std::fs::copy(desk.path("ca/root.crt"), desk.path("li/root.crt")).expect("the root is there");
    let used = desk.script(
        "
        id show --identity li
        --json id show --identity li
        --lang zh id show --identity li
        context add li --identity li --node qianmo://hospital-a/node/main --address 127.0.0.1:7401
        context add wang --identity wang --node qianmo://hospital-b/node/main --address 127.0.0.1:7402
        context use wang
        context ls
        context rm wang
        context use wang
        --json context ls
        id show --context li
        serve --dir hospital-a
        serve --dir nowhere
        ca revoke li/id.crt --dir ca --reason key-compromise
        ca revoke li/id.crt --dir ca
        ca crl --dir ca --out li/crl.pem --hours 24
        id show --identity li
        ",
    );
    assert_snapshot("offline-use", used);
}

#[test]
fn a_stale_list_a_foreign_key_and_an_open_key_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    desk.script(
        "
        ca init --dir ca
        id new --dir li --department hospital-a --role steward --name li
        id new --dir wang --department hospital-a --role steward --name wang
        ca issue li/id.csr --dir ca --expect qianmo://hospital-a/steward/li --yes
        ca crl --dir ca --out li/crl.pem
        ",
    );
    std::fs::copy(desk.path("ca/root.crt"), desk.path("li/root.crt")).expect("the root is there");
    std::fs::set_permissions(desk.path("li/id.key"), std::fs::Permissions::from_mode(0o644)).expect("ours");
    let open = desk.run("id show --identity li");
    std::fs::copy(desk.path("wang/id.key"), desk.path("li/id.key")).expect("the other key is there");
    std::fs::set_permissions(desk.path("li/id.key"), std::fs::Permissions::from_mode(0o600)).expect("ours");
    let foreign = desk.run("id show --identity li");
    std::fs::write(desk.path("li/crl.pem"), "not a list").expect("ours");
    let garbage = desk.run("id show --identity li");
    assert_snapshot("person-files", open + &foreign + &garbage);
}

#[test]
fn a_root_key_is_encrypted_under_the_passphrase_that_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    for (name, text) in [("right", "correct horse"), ("wrong", "correct house")] {
        std::fs::write(desk.path(name), text).expect("ours");
        std::fs::set_permissions(desk.path(name), std::fs::Permissions::from_mode(0o600)).expect("ours");
    }
    let lines = "
        ca init --dir ca --passphrase-file right
        ca ls --dir ca
        ca crl --dir ca --passphrase-file wrong
        ca crl --dir ca --passphrase-file right
        ca init --dir plain
        ca ls --dir plain --passphrase-file right
    ";
    assert_snapshot("ca-passphrase", desk.script(lines));
    let key = std::fs::read_to_string(desk.path("ca/root.key")).expect("the key is there");
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{key}");
}

#[test]
fn everything_offline_is_told_in_chinese() {
    let desk = Desk::new();
    let lines = "
        --help --lang zh
        ca issue --help --lang zh
        request new --help --lang zh
        audit verify --help --lang zh
        nonsense --lang zh
        peer ad --lang zh
        data show Not_A_Name --lang zh
        request new --dataset screening --lang zh
        job run --lang zh
        job show --lang=zh --json
        id new --dir x --department a --role node --name b --lang zh
        ca issue nowhere.csr --lang zh
        model push no-such-model --lang zh
        peer ls --lang zh
        audit verify --dir nowhere --lang zh
        ca init --dir ca --lang zh
        ca init --dir ca --lang zh
        id new --dir li --department hospital-a --role steward --name li --lang zh
        ca show li/id.csr --lang zh
        ca issue li/id.csr --dir ca --lang zh
        ca issue li/id.csr --dir ca --expect qianmo://hospital-a/steward/li --yes --lang zh
        ca ls --dir ca --lang zh
        ca crl --dir ca --out crl.pem --lang zh
        id show --identity li --lang zh
        init --dir a --department a --lang zh
        config check --dir a --lang zh
        serve --dir a --lang zh
        context add li --identity li --node qianmo://hospital-a/node/main --address 127.0.0.1:7401 --lang zh
        context use wang --lang zh
        context ls --lang zh
    ";
    assert_snapshot("chinese", desk.script(lines));
}

#[test]
fn a_trail_that_is_not_there_is_inconclusive() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("empty")).expect("ours");
    let lines = "
        audit verify --dir nowhere
        audit verify --dir empty
        --json audit verify --dir empty
    ";
    assert_snapshot("verify-nothing", desk.script(lines));
}
