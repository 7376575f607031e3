//! Generated from `../../wit`. Both worlds share the types of the first.

pub mod analysis {
    wit_bindgen::generate!({
        path: "../wit",
        world: "analysis",
        pub_export_macro: true,
        export_macro_name: "export_analysis_world",
    });
}

pub mod federated {
    wit_bindgen::generate!({
        path: "../wit",
        world: "federated",
        pub_export_macro: true,
        export_macro_name: "export_federated_world",
        with: {
            "qianmo:model/types@0.1.0": super::analysis::qianmo::model::types,
            "qianmo:model/dataset@0.1.0": super::analysis::qianmo::model::dataset,
            "qianmo:model/context@0.1.0": super::analysis::qianmo::model::context,
            "qianmo:model/results@0.1.0": super::analysis::qianmo::model::results,
        },
    });
}
