//! What a node takes of the machine's memory.

use qianmo_tests::{Clinic, Federation, Node};

use crate::{Options, Result, process::resident_mib, report::Table};

pub(crate) fn measure(_: &Options) -> Result<Table> {
    let mut table = Table::new("Resident memory of a node (VmRSS)", ["", "MiB"]);
    let mut row = |name: &str, node: &Node| -> Result<()> {
        table.row([name.to_owned(), format!("{:.0}", resident_mib(node.pid())?)]);
        Ok(())
    };
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    node.start();
    row("started, empty", &node)?;

    let clinic = Clinic::new();
    let model = clinic.stats();
    row("with a dataset and the model `stats`", &clinic.node)?;
    let contract = clinic.contract(&clinic.terms(model));
    clinic.consumer().order(&clinic.run(&contract, model, r#"{"columns":["mean_radius"]}"#))?;
    row("after one job of `stats`", &clinic.node)?;
    Ok(table)
}
