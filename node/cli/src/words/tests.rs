use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use fluent_syntax::parser;
use qianmo_certs::RevocationReason;
use qianmo_proto::{
    Grade, Role, Sensitivity, Sharing,
    contract::OutputKind,
    views::{ContractState, JobState},
};

use super::{
    catalogue::{ERRORS, FILES, HELP},
    *,
};

/// A catalogue's messages and attributes (`key.attribute`), with the names of the gaps in each.
fn entries(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let (mut message, mut current) = (String::new(), String::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let head = line.split_once('=').map(|(name, _)| name.trim().to_owned());
        match head {
            Some(name) if !line.starts_with(' ') => {
                message.clone_from(&name);
                current = name;
            }
            Some(name) if line.trim_start().starts_with('.') => current = format!("{message}{name}"),
            _ => {}
        }
        if !current.is_empty() {
            let gaps: &mut BTreeSet<String> = found.entry(current.clone()).or_default();
            gaps.extend(line.split('$').skip(1).map(|rest| word(rest).to_owned()));
        }
    }
    found
}

/// The letters, digits and dashes that `text` begins with.
fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next().unwrap()
}

/// The program's sources.
fn sources() -> String {
    fn read(dir: &Path, into: &mut String) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("words/tests.rs") {
                into.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    text
}

/// The words of enumerations, which come from values: kind and values.
fn enumerations() -> Vec<(&'static str, Vec<&'static str>)> {
    let contracts = [ContractState::Requested, ContractState::Finalized, ContractState::Terminated];
    let jobs = [
        JobState::Queued,
        JobState::Running,
        JobState::Held,
        JobState::Released,
        JobState::Withheld,
        JobState::Failed,
    ];
    let states = contracts.map(ContractState::as_str).into_iter().chain(jobs.map(JobState::as_str)).collect();
    let sharing = [Sharing::Unconditional, Sharing::Conditional, Sharing::Withheld];
    let sensitivities =
        [Sensitivity::None, Sensitivity::Personal, Sensitivity::Sensitive, Sensitivity::Identifier];
    vec![
        ("role", Role::ALL.map(Role::as_str).to_vec()),
        ("state", states),
        ("output", [OutputKind::Aggregate, OutputKind::Update].map(OutputKind::as_str).to_vec()),
        ("grade", Grade::ALL.map(Grade::as_str).to_vec()),
        ("sharing", sharing.map(Sharing::as_str).to_vec()),
        ("sensitivity", sensitivities.map(Sensitivity::as_str).to_vec()),
        ("reason", RevocationReason::ALL.map(RevocationReason::as_str).to_vec()),
        ("world", vec!["analysis", "federated"]),
        ("stage", vec!["intent", "outcome", "fact"]),
        ("by", vec!["policy", "egress", "steward", "sandbox", "contract"]),
        // What descriptors use by custom; any other word is shown as it is.
        ("cycle", vec!["daily", "weekly", "monthly", "quarterly", "yearly", "never"]),
    ]
}

#[test]
fn catalogues_parse_and_no_key_is_there_twice() {
    let mut seen = BTreeSet::new();
    for (name, en, zh) in FILES {
        for text in [en, zh] {
            let parsed = parser::parse(*text);
            assert!(parsed.is_ok(), "{name}: {:?}", parsed.err().map(|(_, errors)| errors));
        }
        let keys: Vec<String> = entries(en).into_keys().collect();
        let lines = en.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic())).count();
        assert_eq!(keys.iter().filter(|key| !key.contains('.')).count(), lines, "{name} has a key twice");
        for key in keys {
            assert!(seen.insert(key.clone()), "{key} is there twice");
        }
    }
    for text in [HELP, ERRORS] {
        assert!(parser::parse(text).is_ok(), "{:?}", parser::parse(text).err().map(|(_, errors)| errors));
    }
    for key in entries(ERRORS).into_keys() {
        assert!(seen.insert(key.clone()), "{key} is there twice");
    }
}

#[test]
fn both_languages_have_the_same_keys_and_gaps() {
    for (name, en, zh) in FILES {
        let (en, zh) = (entries(en), entries(zh));
        let keys = |all: &BTreeMap<String, _>| all.keys().cloned().collect::<BTreeSet<_>>();
        let odd: Vec<_> = keys(&en).symmetric_difference(&keys(&zh)).cloned().collect();
        assert!(odd.is_empty(), "words/*/{name}.ftl: in one language only: {odd:?}");
        for (key, gaps) in en {
            assert_eq!(Some(&gaps), zh.get(&key), "the gaps of {key} differ");
        }
    }
}

#[test]
fn every_key_is_used_and_every_key_used_is_there() {
    let sources = sources();
    let named = |start: &str| -> BTreeSet<String> {
        sources
            .split(start)
            .skip(1)
            .filter_map(|rest| rest.split_once('"'))
            .map(|(key, _)| key.to_owned())
            .collect()
    };
    let labels = named("label(\"").into_iter().map(|name| format!("label-{name}"));
    let words = enumerations()
        .into_iter()
        .flat_map(|(kind, values)| values.into_iter().map(move |value| format!("{kind}-{value}")));
    let used: BTreeSet<String> = named("msg(\"").into_iter().chain(labels).chain(words).collect();
    let there: BTreeSet<String> = FILES.iter().flat_map(|(_, en, _)| entries(en).into_keys()).collect();
    let odd: Vec<_> = used.difference(&there).collect();
    assert!(odd.is_empty(), "not in the catalogues: {odd:?}");
    let odd: Vec<_> = there.difference(&used).collect();
    assert!(odd.is_empty(), "in the catalogues and never used: {odd:?}");
    let (used, there) = (named("chinese(\""), entries(ERRORS).into_keys().collect());
    let odd: Vec<_> = used.symmetric_difference(&there).collect();
    assert!(odd.is_empty(), "in errors.ftl and not used, or the other way round: {odd:?}");
}

/// Chinese text may hold names, code and abbreviations, but no two English words in a row.
#[track_caller]
fn assert_chinese(key: &str, text: &str) {
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let english = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
    let words: Vec<&str> = plain.split([' ', '\n']).collect();
    let pair = words.windows(2).find(|pair| pair.iter().all(english));
    let command = plain.contains("qianmo ");
    assert!(pair.is_none() || command, "{key} has English in it: {pair:?}");
    assert!(!text.contains("： ") && !text.contains("， "), "{key} has a blank after a wide mark: {text}");
}

#[test]
fn chinese_is_chinese() {
    for zh in FILES.iter().map(|(.., zh)| *zh).chain([ERRORS]) {
        for line in zh.lines().filter(|line| !line.starts_with('#')) {
            if let Some((key, text)) = line.split_once(" = ") {
                assert_chinese(key, text);
            }
        }
    }
}

#[test]
fn messages_are_told_with_their_gaps_filled() {
    let message = msg("ca-revoked").with("serial", "0012");
    assert!(message.told(Lang::En).starts_with("0012 revoked; it counts"));
    assert!(message.told(Lang::Zh).starts_with("0012 已撤销；"));
    let nested = msg("error-plain").saying("message", msg("usage-missing").with("given", "<X>"));
    assert_eq!(nested.told(Lang::Zh), "错误：缺少：<X>");
    assert_eq!(Lang::Zh.label("rows-about"), "记录数（约）");
    assert_eq!(Lang::Zh.word("state", "unheard-of"), "unheard-of");
}
