use super::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/nodes/a"), text)
}

#[test]
fn the_sample_is_valid_and_its_comments_show_the_defaults() {
    let identity: Identity = "qianmo://hospital-a/node/main".parse().unwrap();
    let sample = Config::sample(&identity, "第一医院", "127.0.0.1:7401".parse().unwrap(), None);
    let plain = parse(&sample).unwrap();
    assert_eq!(plain.identity, identity);
    assert_eq!(plain.title, "第一医院");

    let setting =
        |line: &str| line.starts_with("# ") && line.contains(" = ") && !line.contains("policies.cedar");
    let told: Vec<_> =
        sample.lines().map(|l| if setting(l) { l.trim_start_matches("# ") } else { l }).collect();
    let mut told = parse(&told.join("\n")).unwrap();
    // These have no default that would be the same everywhere.
    told.limits.jobs = plain.limits.jobs;
    told.files.passphrase = None;
    assert_eq!(format!("{told:?}"), format!("{plain:?}"));

    let file = Path::new("/safe/a \"word\"");
    let locked = Config::sample(&identity, "第一医院", "127.0.0.1:7401".parse().unwrap(), Some(file));
    assert_eq!(parse(&locked).unwrap().files.passphrase.as_deref(), Some(file));
}

#[test]
fn the_sample_has_the_same_settings_in_either_language() {
    let settings = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains(" = ") || line.starts_with('[')).map(str::to_owned).collect()
    };
    let identity: Identity = "qianmo://hospital-a/node/main".parse().unwrap();
    let listen = "127.0.0.1:7401".parse().unwrap();
    let english = Config::sample(&identity, "第一医院", listen, None);
    let chinese = Config::sample_in_chinese(&identity, "第一医院", listen, None);
    assert_eq!(settings(&english), settings(&chinese));
    let said = |line: &&str| line.starts_with('#') && !line.contains(" = ");
    assert!(chinese.lines().filter(said).all(|line| line.chars().any(|c| c > '\u{4e00}')), "{chinese}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = r#"
        [node]
        department = "Hospital A"
        name = "main"
        listen = "nowhere"
        groups = ["x25519"]
        [egress]
        min_cell = 1
        parameters_per_row = 2.0
        [limits]
        jobs = 0
    "#;
    let error = parse(text).unwrap_err();
    assert_eq!(error.mistakes().len(), 6, "{error}");
    for word in ["node.department", "node.listen", "x25519", "min_cell", "parameters_per_row", "limits.jobs"]
    {
        assert!(error.to_string().contains(word), "{word} is missing in {error}");
    }
}

#[test]
fn unknown_settings_are_refused_by_name() {
    let text = "[node]\ndepartment='a'\nname='b'\nlisten='127.0.0.1:1'\nlissten='x'\n";
    assert!(parse(text).unwrap_err().to_string().contains("lissten"));
}
