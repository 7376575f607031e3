//! The macros that make a crate a model.

/// Makes the crate a model of the world `analysis`.
///
/// Takes a `fn() -> Result<Output, Error>`, which runs once per job.
#[macro_export]
macro_rules! export_analysis {
    ($run:path) => {
        #[doc(hidden)]
        struct QianmoModel;

        impl $crate::bindings::analysis::Guest for QianmoModel {
            fn run() -> Result<$crate::Output, $crate::Error> {
                $run()
            }
        }

        $crate::bindings::analysis::export_analysis_world!(
            QianmoModel with_types_in $crate::bindings::analysis
        );
    };
}

/// Makes the crate a model of the world `federated`.
///
/// Takes the site's half, `fn(round: u32, state: &[Vector]) -> Result<Update, Error>`, and the
/// coordinator's, `fn(round: u32, state: &[Vector], total: &Update, sites: u32) -> Result<Step, Error>`.
/// Rounds count from 0, where the state is empty. Each call is a fresh instance: what the next round
/// needs must be in the state.
#[macro_export]
macro_rules! export_federated {
    (contribute: $contribute:path, next: $next:path $(,)?) => {
        #[doc(hidden)]
        struct QianmoModel;

        impl $crate::bindings::federated::Guest for QianmoModel {
            fn contribute(round: u32, state: Vec<$crate::Vector>) -> Result<$crate::Update, $crate::Error> {
                $contribute(round, &state)
            }

            fn next(
                round: u32,
                state: Vec<$crate::Vector>,
                total: $crate::Update,
                sites: u32,
            ) -> Result<$crate::Step, $crate::Error> {
                $next(round, &state, &total, sites)
            }
        }

        $crate::bindings::federated::export_federated_world!(
            QianmoModel with_types_in $crate::bindings::federated
        );
    };
}
