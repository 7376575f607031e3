use clap::CommandFactory as _;

use super::*;
use crate::Cli;

/// Every command of the program, with its key.
fn commands(lang: Lang) -> Vec<(String, Command)> {
    fn add(command: &Command, key: &str, all: &mut Vec<(String, Command)>) {
        all.push((key.to_owned(), command.clone()));
        for sub in command.get_subcommands() {
            add(sub, &format!("{key}-{}", sub.get_name()), all);
        }
    }
    let mut root = spoken(Cli::command(), lang);
    root.build();
    let mut all = Vec::new();
    add(&root, "help", &mut all);
    all
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_command_and_argument_has_help_in_chinese() {
    for (key, command) in commands(Lang::Zh) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(has_chinese(&about), "words/zh/help.ftl lacks `{key} = …`; it has {about:?}");
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                has_chinese(&help),
                "words/zh/help.ftl: `{key}` lacks `.{} = …`; it has {help:?}",
                arg.get_id()
            );
        }
    }
}

#[test]
fn the_chinese_help_has_no_line_for_what_is_gone() {
    let known: Vec<(String, Vec<String>)> = commands(Lang::En)
        .into_iter()
        .map(|(key, command)| (key, command.get_arguments().map(|arg| arg.get_id().to_string()).collect()))
        .collect();
    let any: Vec<String> = known.iter().flat_map(|(_, args)| args.clone()).collect();
    let mut current = String::new();
    for line in include_str!("../words/zh/help.ftl").lines().filter(|line| line.contains(" =")) {
        let name = line.split(" =").next().unwrap().trim();
        match name.strip_prefix('.') {
            None => name.clone_into(&mut current),
            Some(_) if current == "help-frame" => {}
            Some("long") if current == "help" => {}
            Some(arg) if current == "help-any" => {
                assert!(any.iter().any(|id| id == arg), "help-any.{arg} is used by no command")
            }
            Some(arg) => {
                let (_, args) = known
                    .iter()
                    .find(|(key, _)| *key == current)
                    .unwrap_or_else(|| panic!("there is no command {current}"));
                assert!(args.iter().any(|id| id == arg), "{current} has no argument {arg}");
            }
        }
    }
}

#[test]
fn help_pages_in_chinese_have_no_english_words() {
    for (key, mut command) in commands(Lang::Zh) {
        let page = page(&command.render_long_help(), Lang::Zh);
        for line in page.lines() {
            let code = |word: &str| {
                word.starts_with(['-', '<', '[', '`']) || word.contains(['.', '/', ':', '_', '@'])
            };
            let english: Vec<&str> = line
                .split('`')
                .step_by(2)
                .flat_map(|part| part.split([' ', '，', '、', '；', '：', '（', '）', '。', '|']))
                .filter(|word| !code(word) && word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase()))
                .collect();
            assert!(english.len() < 3 || line.contains("qianmo"), "{key}: {line}");
        }
        for frame in ["Usage", "Options", "Commands", "Arguments", "default:", "possible values", "Print"] {
            assert!(!page.contains(frame), "{key} has {frame:?}:\n{page}");
        }
    }
}

fn wrong(line: &str, lang: Lang) -> String {
    let args = std::iter::once("qianmo").chain(line.split_whitespace());
    let e = spoken(Cli::command(), lang).try_get_matches_from(args).unwrap_err();
    mistake(&e).told(lang)
}

#[test]
fn mistakes_on_the_command_line_are_told_in_chinese() {
    assert_eq!(wrong("per ls", Lang::Zh), "没有命令 `per`；是否应为 `peer`？");
    assert_eq!(wrong("peer ls --nod x", Lang::Zh), "此处没有参数 `--nod`；是否应为 `--node`？");
    assert_eq!(wrong("job show", Lang::Zh), "缺少：<ID>");
    assert_eq!(wrong("peer ls --lang fr", Lang::Zh), "`--lang <LANG>` 的取值 `fr` 无效；可选：en, zh");
    assert_eq!(
        wrong("run --model glm --contracts a --datasets b/c", Lang::En),
        "`--contracts <CONTRACTS>` cannot be used with `--datasets <DATASETS>`"
    );
}
