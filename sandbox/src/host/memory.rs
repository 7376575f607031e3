//! Linear memory and tables: counted together, and a growth beyond the limit ends the run.

use wasmtime::ResourceLimiter;

use crate::{EngineConfig, RunError};

/// Bytes of one table element.
const ELEMENT_BYTES: u64 = 8;

/// Counts what a run's instances hold. A failed growth traps: if it returned −1 to the model, the result
/// would depend on the host's memory.
pub(crate) struct Memory {
    limit: u64,
    used: u64,
    peak: u64,
    elements: u64,
    element_limit: u64,
    instances: usize,
    memories: usize,
    tables: usize,
}

impl Memory {
    pub(super) fn new(limit: u64, config: &EngineConfig) -> Self {
        Self {
            limit,
            used: 0,
            peak: 0,
            elements: 0,
            element_limit: config.table_elements,
            instances: config.core_instances as usize,
            memories: config.memories as usize,
            tables: config.tables as usize,
        }
    }

    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    fn grow(&mut self, bytes: u64) -> Result<(), RunError> {
        let wanted = self.used.saturating_add(bytes);
        if wanted > self.limit {
            return Err(RunError::Memory { limit: self.limit, wanted });
        }
        self.used = wanted;
        self.peak = self.peak.max(wanted);
        Ok(())
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The model's own declared maximum: the growth fails the same way on every host.
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current) as u64)?;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64;
        let elements = self.elements.saturating_add(more);
        if elements > self.element_limit {
            let limit = self.element_limit;
            return Err(wasmtime::Error::new(RunError::Limit { what: "table elements", limit }));
        }
        self.grow(more.saturating_mul(ELEMENT_BYTES))?;
        self.elements = elements;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}
