//! Makes a component of a core module: `cargo run --example pack -- MODULE.wasm COMPONENT.wasm`.

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let paths: Vec<String> = env::args().skip(1).collect();
    let [module, component] = paths.as_slice() else {
        eprintln!("usage: pack MODULE.wasm COMPONENT.wasm");
        return ExitCode::from(2);
    };
    match pack(module, component) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{module}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pack(module: &str, component: &str) -> Result<(), Box<dyn std::error::Error>> {
    let packed = qianmo_sandbox::pack(&fs::read(module)?)?;
    fs::write(component, packed)?;
    Ok(())
}
