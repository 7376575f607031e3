//! What happens: peers meet, data are listed, found, asked for and granted; the model travels; rounds run;
//! the trails are verified.

use qianmo_proto::{
    DatasetRef, ask,
    views::{PeerAdded, RequestView, SearchView},
};

use super::{
    cast::{Cast, HOME, HOSPITALS, Hospital, name, node},
    nodes::Nodes,
    summary::{Coefficient, Moved, Summary, Trail},
};
use crate::{
    audit::{Memory, verify_node},
    catalog::signed,
    checked::Checked,
    connect::Session,
    data,
    exit::Fault,
    federated::{Report, RoundReport, drive},
    locate::{self, Located},
    model::{self, Component},
    params,
    request::{self, NewArgs},
    run::{coordinator, in_force, site},
    shell::Shell,
    words::{Message, msg},
};

/// The dataset's name at every hospital.
const DATASET: &str = "screening";
/// What the model shall predict.
const TARGET: &str = "benign";
/// The parameters, fixed by every contract.
const PARAMS: &str = r#"{"target":"benign"}"#;

/// Plays the whole story and sums it up.
pub(super) async fn tell(cast: &Cast, nodes: &Nodes, shell: &Shell) -> Result<Summary, Fault> {
    let chapter = |number: u8, told: Message| shell.out.note(&format!("{number}. {}", shell.out.say(&told)));
    let places: Vec<(&Hospital, &str)> = HOSPITALS
        .iter()
        .zip(nodes.addresses())
        .map(|(hospital, address)| (hospital, address.as_str()))
        .collect();
    chapter(1, msg("chapter-nodes"));
    for place in &places {
        introduce(cast, *place, &places, shell).await?;
        list_data(cast, *place, shell).await?;
    }
    let &(first, address) = places.first().ok_or_else(|| Fault::failed(msg("demo-no-hospital")))?;
    let consumer = cast.consumer(first, address, shell).await?;
    chapter(2, msg("chapter-search"));
    search(&consumer, shell).await?;
    let glm = Component::load("glm", None, None)?;
    let model_bytes = bring(&consumer, &glm).await?;
    chapter(3, msg("chapter-contracts"));
    for place in &places {
        let asked = ask(&consumer, place.0, shell).await?;
        let steward = cast.steward(place.0, place.1, shell).await?;
        let (person, client) = (&steward.person, steward.target().await?);
        let shown: RequestView = client.call(ask::RequestShow { id: asked.id }).await?;
        let checked = Checked::fetch(person, &client, shown, shell.now_ms()).await?;
        request::approve(person, &client, &checked, "", shell.now_ms()).await?;
    }
    chapter(4, msg("chapter-run"));
    let report = fit(&consumer, &glm, shell).await?;
    chapter(5, msg("chapter-audit"));
    let mut trails = Vec::new();
    for place in &places {
        trails.push(verify(cast, *place, shell).await?);
    }
    Ok(sum_up(&report, &glm, model_bytes, trails))
}

/// The hospital's admin makes the other nodes known.
async fn introduce(
    cast: &Cast,
    (hospital, address): (&Hospital, &str),
    all: &[(&Hospital, &str)],
    shell: &Shell,
) -> Result<(), Fault> {
    let admin = cast.admin(hospital, address, shell).await?.target().await?;
    for (other, at) in all.iter().filter(|(other, _)| other.department != hospital.department) {
        let add = ask::PeerAdd { node: node(other)?, address: (*at).to_owned() };
        let _: PeerAdded = admin.call(add).await?;
    }
    Ok(())
}

async fn list_data(cast: &Cast, (hospital, address): (&Hospital, &str), shell: &Shell) -> Result<(), Fault> {
    let steward = cast.steward(hospital, address, shell).await?.target().await?;
    let listed = data::add(&steward, descriptor(hospital)).await?;
    let rows = shell.out.say(&msg("demo-rows").with("rows", listed.rows_about));
    shell.out.note(&format!("   {} {}  {rows}", listed.id, listed.title));
    Ok(())
}

async fn search(consumer: &Session, shell: &Shell) -> Result<(), Fault> {
    let (client, query) = (consumer.target().await?, "乳腺癌");
    let question = Some(signed(consumer, &client, query, shell.now_ms())?);
    let ask = ask::CatalogSearch { query: query.to_owned(), federated: true, question };
    let view: SearchView = client.call(ask).await?;
    let found: Vec<String> = view.found.iter().map(|found| found.dataset.id.to_string()).collect();
    if found.len() < HOSPITALS.len() {
        return Err(Fault::failed(msg("demo-found-only").with("found", found.join(", "))));
    }
    shell.out.note(&format!("   {}", shell.out.say(&msg("demo-found").with("found", found.join(", ")))));
    Ok(())
}

/// Brings the model to every hospital; the bytes that travelled.
async fn bring(consumer: &Session, glm: &Component) -> Result<u64, Fault> {
    let mut bytes = 0;
    for hospital in &HOSPITALS {
        let node = consumer.department(&name(hospital.department)?).await?;
        bytes += model::push(&consumer.person, &node.client, glm).await?.bytes;
    }
    Ok(bytes)
}

async fn ask(consumer: &Session, hospital: &Hospital, shell: &Shell) -> Result<RequestView, Fault> {
    let department = name(hospital.department)?;
    let args = NewArgs {
        dataset: DatasetRef { department: department.clone(), dataset: name(DATASET)? },
        fields: vec![name("all")?],
        model: vec!["glm".to_owned()],
        purpose: "乳腺癌筛查模型 breast-cancer screening model".to_owned(),
        basis: "政务数据共享条例 第二十条".to_owned(),
        case_number: "demo-1".to_owned(),
        until: "1d".to_owned(),
        runs: 1,
        rounds: 40,
        params: Some(PARAMS.to_owned()),
        output: None,
        min_cell: 10,
        strings: false,
    };
    let node = consumer.department(&department).await?;
    request::new(&consumer.person, &node.client, &args, shell.now_ms()).await
}

async fn fit(consumer: &Session, glm: &Component, shell: &Shell) -> Result<Report, Fault> {
    let contracts = locate::contracts(consumer, shell, &in_force(&consumer.person, glm)).await?;
    let contracts: Vec<&Located> =
        contracts.iter().filter(|located| located.is_usable(&consumer.person.identity)).collect();
    let who = (&consumer.person, &shell.clock);
    let coordinator = coordinator(who, glm, &contracts, params::parse(PARAMS)?)?;
    let sites = contracts.iter().map(|located| site(located, consumer)).collect();
    let mut tell = |round: &RoundReport| shell.out.note(&round_line(round, shell));
    // Ctrl-C is the caller's to see: it ends the whole story.
    Ok(drive(&coordinator, sites, std::future::pending(), &mut tell).await?)
}

/// What a round was about shows in the names of its sums.
fn round_line(report: &RoundReport, shell: &Shell) -> String {
    let metric =
        |name: &str| report.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
    let what = match (metric("correct"), metric("deviance")) {
        (Some(correct), Some(deviance)) => msg("demo-evaluation")
            .with("correct", correct)
            .with("samples", report.samples)
            .with("deviance", format!("{deviance:.6}")),
        (None, Some(deviance)) => msg("demo-newton").with("deviance", format!("{deviance:.6}")),
        _ if metric("positives").is_some() => msg("demo-means"),
        _ => msg("demo-deviations"),
    };
    let number = msg("run-round").with("round", format!("{:>2}", report.round));
    format!("   {}  {} ms  {}", shell.out.say(&number), report.took_ms, shell.out.say(&what))
}

async fn verify(cast: &Cast, (hospital, address): (&Hospital, &str), shell: &Shell) -> Result<Trail, Fault> {
    let auditor = cast.auditor(hospital, address, shell).await?;
    let memory = Memory::under(&cast.dir.join(HOME));
    let client = auditor.target().await?;
    let verification = verify_node(&client, &auditor.person.trust, &memory, shell.now_ms()).await?;
    let (verdict, entries) = (verification.report.verdict, verification.report.entries);
    let told = shell.out.say(&msg("demo-verified").with("verdict", verdict).count("entries", entries));
    shell.out.note(&format!("   {}  {told}", client.node()));
    Ok(Trail { node: client.node().clone(), entries, verdict, exit: verification.exit() })
}

fn sum_up(report: &Report, glm: &Component, model_bytes: u64, trails: Vec<Trail>) -> Summary {
    let find = |name: &str| report.state.iter().find(|vector| vector.name == name);
    let scalar = |name: &str| find(name).and_then(|vector| vector.values.first().copied());
    let coefficients = features().filter_map(|name| {
        let value = scalar(&format!("w:{name}"))?;
        Some(Coefficient { name, value })
    });
    let coefficients = coefficients.collect();
    let mut moved = Moved { model_bytes_in: model_bytes, ..Moved::default() };
    for (.., traffic) in &report.sites {
        moved.order_bytes_in += traffic.order_bytes;
        moved.aggregate_bytes_out += traffic.result_bytes;
        moved.rows_out += traffic.table_rows;
    }
    Summary {
        model: glm.digest,
        rounds: report.rounds.len(),
        steps: scalar("steps"),
        samples: scalar("samples"),
        correct: scalar("correct"),
        accuracy: scalar("accuracy"),
        deviance: scalar("deviance"),
        intercept: scalar("w:(intercept)"),
        coefficients,
        trails,
        moved,
        took_ms: 0,
        kept: None,
    }
}

/// The columns of the data: every hospital has the same.
fn columns() -> impl Iterator<Item = String> {
    let rows = HOSPITALS.first().map(|hospital| hospital.rows).unwrap_or_default();
    let header = rows.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(header).trim().split(',').map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn features() -> impl Iterator<Item = String> {
    columns().filter(|column| column != TARGET)
}

/// A hospital's descriptor, as its steward would write it.
fn descriptor(hospital: &Hospital) -> String {
    let mut text = format!(
        r#"name = "{DATASET}"
title = "乳腺癌筛查"
path = ["健康医疗", "疾病防控", "筛查记录", "乳腺筛查"]
description = "细针穿刺细胞核特征与诊断 Fine-needle aspirates: cell nuclei and diagnosis. UCI, CC BY 4.0"
sharing = "conditional"
update_cycle = "monthly"

[source]
kind = "csv"
path = "{}"
"#,
        hospital.file
    );
    for column in columns() {
        let (ty, description) = match column.as_str() {
            TARGET => ("int64", "1 benign 良性, 0 malignant 恶性".to_owned()),
            feature => ("float64", feature.replace('_', " ")),
        };
        text += &format!(
            "\n[[field]]\nname = \"{column}\"\ntype = \"{ty}\"\ngrade = \"general-3\"\nsensitivity = \"sensitive\"\n\
             description = \"{description}\"\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_names_every_column_once() {
        let text = descriptor(&HOSPITALS[0]);
        let parsed: toml::Value = toml::from_str(&text).unwrap();
        let fields = parsed["field"].as_array().unwrap();
        assert_eq!(fields.len(), 31);
        assert_eq!(fields[0]["name"].as_str(), Some("mean_radius"));
        assert_eq!(fields[30]["type"].as_str(), Some("int64"));
        assert_eq!(features().count(), 30);
    }
}
