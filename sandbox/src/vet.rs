//! Looking into a component before it is compiled.

use thiserror::Error;
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentExternalKind, ComponentTypeRef, Encoding, Parser, Payload,
    TypeBounds, Validator, WasmFeatures,
};

use crate::EngineConfig;

/// WebAssembly 2.0 with extended constants (which Python and JavaScript guests need), in components.
const FEATURES: WasmFeatures =
    WasmFeatures::WASM2.union(WasmFeatures::EXTENDED_CONST).union(WasmFeatures::COMPONENT_MODEL);

/// What a component may import; `wit/model.wit` says what is in each.
const IMPORTS: [&str; 5] = [
    "qianmo:model/types@0.1.0",
    "qianmo:model/dataset@0.1.0",
    "qianmo:model/context@0.1.0",
    "qianmo:model/results@0.1.0",
    "qianmo:model/rounds@0.1.0",
];

const PAGE_BYTES: u64 = 64 << 10;

/// What kind of model a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// Exports `run`.
    Analysis,
    /// Exports `contribute` and `next`.
    Federated,
}

impl World {
    /// The name in `wit/model.wit`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Federated => "federated",
        }
    }

    fn of(exports: &[String]) -> Option<Self> {
        let mut names: Vec<&str> = exports.iter().map(String::as_str).collect();
        names.sort_unstable();
        match names.as_slice() {
            ["run"] => Some(Self::Analysis),
            ["contribute", "next"] => Some(Self::Federated),
            _ => None,
        }
    }
}

/// What vetting found in a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vetted {
    /// The kind of model.
    pub world: World,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    /// Bytes of the component.
    pub bytes: usize,
    /// Bytes of linear memory it declares at the start.
    pub declared_memory_bytes: u64,
}

/// Why a component is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VetError {
    /// Too many bytes.
    #[error("the component has {bytes} bytes and the limit is {limit}; strip it, or split the model")]
    Size {
        /// Bytes allowed.
        limit: usize,
        /// Bytes it has.
        bytes: usize,
    },
    /// Neither a component nor a module.
    #[error("this is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00")]
    NotWasm,
    /// Machine code.
    #[error(
        "this is compiled machine code, which is never accepted: send the WebAssembly component it was made from"
    )]
    Native,
    /// A module that was not made into a component.
    #[error(
        "this is a core module, not a component: build it with the qianmo-guest crate and pack it \
         (`qianmo_sandbox::pack`, or `wasm-tools component new`)"
    )]
    CoreModule,
    /// Malformed, or made with features that are off here.
    #[error(
        "the component is not valid with the features allowed here (WebAssembly 2.0, extended-const): {0}"
    )]
    Invalid(String),
    /// An import outside the world.
    #[error("the component imports `{name}`, which models may not have; allowed are {}", IMPORTS.join(", "))]
    Import {
        /// The first such import.
        name: String,
    },
    /// Exports that are not exactly one world's.
    #[error(
        "the component exports [{}]; a model exports exactly `run` (analysis), or exactly `contribute` and `next` \
         (federated), as functions", .found.join(", ")
    )]
    Exports {
        /// Everything it exports.
        found: Vec<String>,
    },
    /// Strings that are not UTF-8.
    #[error("the component passes strings as UTF-16; build it with UTF-8 strings")]
    Encoding,
    /// More than may be declared.
    #[error("the component declares {declared} {what} and the limit is {limit}")]
    Declared {
        /// Memories, bytes of memory, tables, table elements or core instances.
        what: &'static str,
        /// How many it declares.
        declared: u64,
        /// How many it may.
        limit: u64,
    },
    /// The compiler refuses it.
    #[error("the component does not compile: {0}")]
    Compile(String),
    /// Functions whose types are not the world's.
    #[error("the component's functions do not have the types of qianmo:model@0.1.0: {0}")]
    Types(String),
    /// No instance can be made.
    #[error("the component cannot be instantiated: {0}")]
    Instantiate(String),
}

/// Everything that can be told without compiling.
pub(crate) fn inspect(bytes: &[u8], config: &EngineConfig) -> Result<Vetted, VetError> {
    if bytes.len() > config.component_bytes {
        return Err(VetError::Size { limit: config.component_bytes, bytes: bytes.len() });
    }
    check_header(bytes)?;
    Validator::new_with_features(FEATURES)
        .validate_all(bytes)
        .map_err(|error| VetError::Invalid(error.to_string()))?;
    let found = Findings::collect(bytes).map_err(|error| VetError::Invalid(error.to_string()))?;
    found.judge(bytes.len(), config)
}

/// Tells a component from the things that people send instead.
fn check_header(bytes: &[u8]) -> Result<(), VetError> {
    if bytes.starts_with(b"\x7fELF") || wasmtime::Engine::detect_precompiled(bytes).is_some() {
        Err(VetError::Native)
    } else if Parser::is_core_wasm(bytes) {
        Err(VetError::CoreModule)
    } else if Parser::is_component(bytes) {
        Ok(())
    } else {
        Err(VetError::NotWasm)
    }
}

/// What stands in a component, nested modules and components included.
#[derive(Default)]
struct Findings {
    imports: Vec<String>,
    exports: Vec<String>,
    only_functions: bool,
    utf16: bool,
    memories: u64,
    memory_bytes: u64,
    tables: u64,
    table_elements: u64,
    core_instances: u64,
}

impl Findings {
    fn collect(bytes: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut found = Self { only_functions: true, ..Self::default() };
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        let import = import?;
                        // A name for a type of an interface that is itself imported: no capability.
                        if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                            found.imports.push(import.name.name.to_owned());
                        }
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        let export = export?;
                        found.exports.push(export.name.name.to_owned());
                        found.only_functions &= export.kind == ComponentExternalKind::Func;
                    }
                }
                other => found.count(other)?,
            }
        }
        Ok(found)
    }

    /// What counts wherever it stands.
    fn count(&mut self, payload: Payload<'_>) -> Result<(), wasmparser::BinaryReaderError> {
        match payload {
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    self.utf16 |= is_utf16(&function?);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories += 1;
                    self.memory_bytes =
                        self.memory_bytes.saturating_add(memory?.initial.saturating_mul(PAGE_BYTES));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables += 1;
                    self.table_elements = self.table_elements.saturating_add(table?.ty.initial);
                }
            }
            Payload::InstanceSection(section) => self.core_instances += u64::from(section.count()),
            _ => {}
        }
        Ok(())
    }

    fn judge(self, bytes: usize, config: &EngineConfig) -> Result<Vetted, VetError> {
        if let Some(name) = self.imports.iter().find(|name| !IMPORTS.contains(&name.as_str())) {
            return Err(VetError::Import { name: name.clone() });
        }
        let world = World::of(&self.exports).filter(|_| self.only_functions);
        let Some(world) = world else { return Err(VetError::Exports { found: self.exports }) };
        if self.utf16 {
            return Err(VetError::Encoding);
        }
        for (what, declared, limit) in [
            ("memories", self.memories, u64::from(config.memories)),
            ("bytes of memory", self.memory_bytes, config.declared_memory_bytes),
            ("tables", self.tables, u64::from(config.tables)),
            ("table elements", self.table_elements, config.table_elements),
            ("core instances", self.core_instances, u64::from(config.core_instances)),
        ] {
            if declared > limit {
                return Err(VetError::Declared { what, declared, limit });
            }
        }
        Ok(Vetted { world, imports: self.imports, bytes, declared_memory_bytes: self.memory_bytes })
    }
}

fn is_utf16(function: &CanonicalFunction) -> bool {
    let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) = function
    else {
        return false;
    };
    options.iter().any(|option| matches!(option, CanonicalOption::UTF16 | CanonicalOption::CompactUTF16))
}
