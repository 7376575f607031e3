//! Parquet files, with the types that their footers say.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::arrow::datatypes::{Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::file_format::parquet::Int96Coercer;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result as EngineResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use datafusion::parquet::file::reader::{ChunkReader, Length};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::file::{FileReader, OpenFile, unreadable};
use super::kind::SNIFFED_BYTES;
use super::{missing, no_repeats};
use crate::zone::TimeZone;
use crate::{DataError, DatasetSpec, FieldSpec, FileKind};

/// Times of the old kind (INT96) are read to the microsecond: in nanoseconds, which the engine would take, years after
/// 2262 become others without a word.
const INT96_UNIT: (TimeUnit, &str) = (TimeUnit::Microsecond, "us");

pub(super) fn open(spec: &DatasetSpec, file: Arc<OpenFile>) -> Result<Arc<dyn TableProvider>, DataError> {
    let zone = spec.source.time_zone().cloned();
    let footer = footer(&file)?;
    let schema = coerced(&footer, zone.as_ref());
    no_repeats(schema.fields().iter().map(|field| field.name().as_str()))?;
    for declared in &spec.source_fields {
        same_type(spec, &file, &schema, declared)?;
    }
    Ok(Arc::new(ParquetTable { file: Held(file), schema, zone }))
}

/// The names of a file's columns.
pub(super) fn column_names(file: &Arc<OpenFile>) -> Result<Vec<String>, DataError> {
    let footer = footer(file)?;
    Ok(footer.schema().fields().iter().map(|field| field.name().clone()).collect())
}

fn footer(file: &Arc<OpenFile>) -> Result<ArrowReaderMetadata, DataError> {
    ArrowReaderMetadata::load(&Held(Arc::clone(file)), ArrowReaderOptions::new()).or_else(|_| {
        let found = FileKind::instead_of_parquet(&file.start(SNIFFED_BYTES)?);
        Err(DataError::WrongKind { name: file.name().into(), found })
    })
}

/// The file's schema with its INT96 columns as times, of the zone that the source declares.
fn coerced(footer: &ArrowReaderMetadata, zone: Option<&TimeZone>) -> SchemaRef {
    let schema: &Schema = footer.schema();
    Int96Coercer::new(footer.parquet_schema(), schema, &INT96_UNIT.0)
        .with_timezone(zone.map(TimeZone::shared))
        .coerce()
        .map_or_else(|| Arc::clone(footer.schema()), Arc::new)
}

fn same_type(
    spec: &DatasetSpec,
    file: &Arc<OpenFile>,
    schema: &SchemaRef,
    declared: &FieldSpec,
) -> Result<(), DataError> {
    let found = schema.field_with_name(&declared.name).map_err(|_| missing(spec, file, &declared.name))?;
    if declared.ty.accepts(found.data_type()) {
        return Ok(());
    }
    Err(DataError::TypeMismatch {
        column: declared.name.clone(),
        declared: declared.ty,
        found: found.data_type().to_string(),
    })
}

/// The whole file as a table.
#[derive(Debug)]
struct ParquetTable {
    file: Held,
    schema: SchemaRef,
    zone: Option<TimeZone>,
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// The filters stay above as well; the engine's last rules hand them to the reader, which then skips row groups.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let mut options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..Default::default()
        };
        options.global.coerce_int96 = Some(INT96_UNIT.1.into());
        options.global.coerce_int96_tz = self.zone.as_ref().map(|zone| zone.name().into());
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(self.file.clone()));
        // The name is not used: every reader reads the file that is held.
        let file = PartitionedFile::new("source", self.file.len());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file(file)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// The open file as the engine's readers get it: they cannot open another.
#[derive(Debug, Clone)]
struct Held(Arc<OpenFile>);

fn failed(file: &OpenFile, error: &std::io::Error) -> ParquetError {
    ParquetError::External(Box::new(unreadable(file.name(), error)))
}

impl Length for Held {
    fn len(&self) -> u64 {
        self.0.bytes()
    }
}

impl ChunkReader for Held {
    type T = FileReader;

    fn get_read(&self, start: u64) -> ParquetResult<FileReader> {
        Ok(self.0.reader_from(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let end = start.saturating_add(length as u64);
        self.0.range(start..end).map(Bytes::from).map_err(|error| failed(&self.0, &error))
    }
}

impl ParquetFileReaderFactory for Held {
    fn create_reader(
        &self,
        _: usize,
        _: PartitionedFile,
        _: Option<usize>,
        _: &ExecutionPlanMetricsSet,
    ) -> EngineResult<Box<dyn AsyncFileReader + Send>> {
        Ok(Box::new(self.clone()))
    }
}

impl AsyncFileReader for Held {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        let file = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || {
            file.range(range).map(Bytes::from).map_err(|error| failed(&file, &error))
        });
        read.map(|read| read.unwrap_or_else(|error| Err(ParquetError::External(Box::new(error))))).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        let bytes = self.len();
        let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options);
        async move { reader.load_and_finish(self, bytes).await.map(Arc::new) }.boxed()
    }
}
