//! What is refused at upload, and with which words.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{engine, guests};
use qianmo_sandbox::{Engine, EngineConfig, PackError, VetError, World, pack, shipped};

fn refusal(bytes: &[u8]) -> VetError {
    engine().vet(bytes).unwrap_err()
}

#[test]
fn the_shipped_models_pass() {
    let stats = common::stats().vetted();
    assert_eq!((stats.world, stats.bytes), (World::Analysis, shipped::STATS.len()));
    assert!(stats.imports.iter().all(|name| name.starts_with("qianmo:model/")), "{:?}", stats.imports);
    assert!(stats.declared_memory_bytes < 4 << 20);
    assert_eq!(common::glm().world(), World::Federated);
}

#[test]
fn what_is_not_a_component_is_told_apart() {
    assert_eq!(refusal(b""), VetError::NotWasm);
    assert_eq!(refusal(b"#!/bin/sh\nrm -rf /"), VetError::NotWasm);
    assert_eq!(refusal(b"\x7fELF\x02\x01\x01"), VetError::Native);
    let module = wat::parse_str("(module (func (export \"run\")))").unwrap();
    assert_eq!(refusal(&module), VetError::CoreModule);
    assert!(refusal(&module).to_string().contains("qianmo_sandbox::pack"));
}

#[test]
fn half_a_component_and_a_component_with_garbage_in_it_are_invalid() {
    let half = &shipped::STATS[..shipped::STATS.len() / 2];
    assert!(matches!(refusal(half), VetError::Invalid(_)));
    let mut garbage = shipped::STATS.to_vec();
    garbage[20_000..20_064].fill(0xff);
    assert!(matches!(refusal(&garbage), VetError::Invalid(_)));
}

#[test]
fn nothing_but_the_models_interface_can_be_imported() {
    let clock = refusal(&guests::load("wasi_clock"));
    assert_eq!(clock, VetError::Import { name: "wasi:clocks/wall-clock@0.2.0".to_owned() });
    assert!(clock.to_string().contains("qianmo:model/dataset@0.1.0"), "{clock}");
    let secret = refusal(&guests::load("abstract_type"));
    assert_eq!(secret, VetError::Import { name: "secret".to_owned() });
}

#[test]
fn exports_are_those_of_a_world_and_no_more() {
    assert_eq!(refusal(&guests::load("no_exports")), VetError::Exports { found: vec![] });
    let found = ["run", "backdoor"].map(str::to_owned).to_vec();
    assert_eq!(refusal(&guests::load("extra_export")), VetError::Exports { found });
    let types = refusal(&guests::load("wrong_types"));
    assert!(matches!(types, VetError::Types(_)), "{types:?}");
}

#[test]
fn features_beyond_webassembly_2_are_refused() {
    for (guest, words) in [("threads", "threads"), ("memory64", "memory64"), ("relaxed_simd", "relaxed")] {
        match refusal(&guests::load(guest)) {
            VetError::Invalid(reason) => assert!(reason.contains(words), "{guest}: {reason}"),
            other => panic!("{guest}: {other:?}"),
        }
    }
    assert_eq!(refusal(&guests::load("utf16")), VetError::Encoding);
}

#[test]
fn what_is_declared_is_limited() {
    assert_eq!(
        refusal(&guests::load("huge_memory")),
        VetError::Declared { what: "bytes of memory", declared: 1 << 30, limit: 512 << 20 }
    );
    assert_eq!(
        refusal(&guests::load("huge_table")),
        VetError::Declared { what: "table elements", declared: 10_000_000, limit: 20_000 }
    );
    let small = Engine::new(EngineConfig { component_bytes: 1000, ..EngineConfig::default() }).unwrap();
    let error = small.vet(shipped::STATS).unwrap_err();
    assert_eq!(error, VetError::Size { limit: 1000, bytes: shipped::STATS.len() });
    assert!(error.to_string().contains("the limit is 1000"), "{error}");
}

#[test]
fn a_start_function_that_does_not_end_is_refused() {
    match refusal(&guests::load("start_loops")) {
        VetError::Instantiate(reason) => assert!(reason.contains("fuel limit of 1000000000"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_modules_with_an_interface_are_packed() {
    assert_eq!(pack(b"hello").unwrap_err(), PackError::NotAModule);
    assert_eq!(pack(shipped::GLM).unwrap_err(), PackError::AlreadyPacked);
    let bare = wat::parse_str("(module (import \"env\" \"exit\" (func)) (func (export \"run\")))").unwrap();
    let error = pack(&bare).unwrap_err();
    assert!(matches!(error, PackError::Interface(_)), "{error:?}");
    assert!(error.to_string().contains("qianmo-guest"), "{error}");
}
