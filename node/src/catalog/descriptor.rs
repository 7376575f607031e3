//! A dataset's descriptor: the TOML a steward writes. Metadata goes into the catalogue; source, view,
//! row filter and masks stay with the node.

use std::path::Path;

use qianmo_data::{
    ColumnType, DataError, DataFile, DatasetSpec, FieldSpec, Grant, JobSession, Mask, MemoryLimits,
    SourceSpec, TimeZone,
};
use qianmo_proto::{
    DatasetMeta, DatasetRef, FieldMeta, Grade, Name, Sensitivity, Sharing, catalog, limits, texts,
};
use serde::Deserialize;

use crate::words::counted;

/// A dataset ready to be opened: what the catalogue tells of it, and what it never tells.
#[derive(Debug, Clone)]
pub(crate) struct Descriptor {
    pub(crate) meta: DatasetMeta,
    pub(crate) spec: DatasetSpec,
    /// SQL over the view's columns: rows that no job ever sees are left out here.
    pub(crate) row_filter: Option<String>,
    /// Columns that jobs see only in this disguise.
    pub(crate) masks: Vec<(String, Mask)>,
}

/// Everything wrong with a descriptor, at once.
#[derive(Debug, thiserror::Error)]
#[error("the descriptor has {}: {}", counted(.0.len() as u64, "mistake"), .0.join("; "))]
pub(crate) struct DescriptorError(Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: Name,
    title: String,
    path: Vec<String>,
    #[serde(default)]
    description: String,
    sharing: Sharing,
    update_cycle: String,
    grade: Option<Grade>,
    source: RawSource,
    view: Option<RawView>,
    #[serde(default)]
    field: Vec<RawField>,
    #[serde(default)]
    policy: RawPolicy,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum RawSource {
    Csv {
        path: String,
        #[serde(default = "comma")]
        delimiter: char,
        #[serde(default = "yes")]
        header: bool,
        time_zone: Option<String>,
        #[serde(default)]
        fields: Vec<FieldSpec>,
    },
    Parquet {
        path: String,
        time_zone: Option<String>,
        #[serde(default)]
        fields: Vec<FieldSpec>,
    },
}

const fn comma() -> char {
    ','
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawView {
    sql: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    name: Name,
    #[serde(rename = "type")]
    ty: String,
    grade: Grade,
    #[serde(default)]
    sensitivity: Sensitivity,
    #[serde(default)]
    description: String,
    #[serde(default)]
    nullable: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    row_filter: Option<String>,
    #[serde(default)]
    masks: Vec<RawMask>,
}

/// `{ field = "age", mask = "bucket", width = 10 }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMask {
    field: Name,
    mask: MaskKind,
    value: Option<String>,
    width: Option<f64>,
    chars: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum MaskKind {
    Null,
    Constant,
    Bucket,
    Prefix,
}

impl Descriptor {
    /// Reads a descriptor of `department`'s; the source's file is one beneath `data_dir`.
    pub(crate) fn parse(
        text: &str,
        department: &Name,
        provider: &str,
        data_dir: &Path,
    ) -> Result<Self, DescriptorError> {
        let raw: Raw = toml::from_str(text).map_err(|e| DescriptorError(vec![unread(text, &e)]))?;
        let mut mistakes = Vec::new();
        raw.check(&mut mistakes);
        let masks = raw.masks(&mut mistakes);
        let grade = raw.grade(&mut mistakes);
        let fields = raw.field_specs(&mut mistakes);
        let source = raw.source.spec(data_dir).map_err(|e| mistakes.push(format!("source: {e}")));
        let (Ok(source), true) = (source, mistakes.is_empty()) else {
            return Err(DescriptorError(mistakes));
        };
        let mut spec = DatasetSpec::new(raw.name.as_str(), source, fields)
            .with_source_fields(raw.source.fields().to_vec());
        if let Some(view) = &raw.view {
            spec = spec.with_view(view.sql.clone());
        }
        let meta = DatasetMeta {
            id: DatasetRef { department: department.clone(), dataset: raw.name },
            title: raw.title,
            provider: provider.to_owned(),
            path: raw.path,
            description: raw.description,
            grade,
            sharing: raw.sharing,
            update_cycle: raw.update_cycle,
            fields: raw.field.into_iter().map(RawField::meta).collect(),
            rows_about: 0,
        };
        Ok(Self { meta, spec, row_filter: raw.policy.row_filter, masks })
    }

    /// Whether row filter and masks fit the view, by opening it as a job would.
    pub(crate) async fn check_policy(&self) -> Result<(), DataError> {
        let grant = Grant {
            columns: self.spec.fields.iter().map(|field| field.name.clone()).collect(),
            row_filter: self.row_filter.clone(),
            masks: self.masks.clone(),
        };
        JobSession::open(vec![(self.spec.clone(), grant)], MemoryLimits::default()).await.map(drop)
    }

    /// The same dataset with the count of a finished check.
    pub(crate) fn checked(mut self, rows: u64) -> Self {
        self.meta.rows_about = catalog::about(rows);
        self
    }
}

/// Why a text is no descriptor, with the place and without the line: it may be a table's, sent by mistake.
fn unread(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    let first = text.lines().next().unwrap_or_default();
    let table = [',', ';', '\t'].iter().any(|delimiter| first.contains(*delimiter)) && !first.contains('=');
    if table {
        return "this is a table (CSV), not a descriptor: put the file into the node's folder of data, and give a TOML file \
                that names it and its fields, such as deploy/samples/screening.toml"
            .into();
    }
    format!("line {line}: {}", error.message())
}

impl Raw {
    fn check(&self, mistakes: &mut Vec<String>) {
        for (key, text) in [("title", &self.title), ("update_cycle", &self.update_cycle)] {
            if text.trim().is_empty() {
                mistakes.push(format!("{key} is empty"));
            }
        }
        self.check_texts(mistakes);
        if self.path.len() != 4 || self.path.iter().any(|part| part.trim().is_empty()) {
            mistakes
                .push("path must name four levels: L1 domain group, L2 domain, L3 object, L4 entity".into());
        }
        if let RawSource::Csv { delimiter, .. } = &self.source
            && !delimiter.is_ascii()
        {
            mistakes.push(format!("source.delimiter {delimiter:?} is not ASCII; use , ; | or a tab"));
        }
        if self.field.is_empty() {
            mistakes.push("there is no [[field]]: list at least one".into());
        }
        if self.field.len() > limits::FIELDS {
            mistakes.push(format!("{} fields; the limit is {}", self.field.len(), limits::FIELDS));
        }
    }

    fn check_texts(&self, mistakes: &mut Vec<String>) {
        let mut check = |what, text: &str, limit| {
            mistakes.extend(texts::check(what, text, limit).err().map(|e| e.to_string()));
        };
        check("title", &self.title, limits::TITLE_CHARS);
        check("update_cycle", &self.update_cycle, limits::TITLE_CHARS);
        check("description", &self.description, limits::TEXT_CHARS);
        self.path.iter().for_each(|level| check("a level of path", level, limits::TITLE_CHARS));
        self.field
            .iter()
            .for_each(|field| check("a field's description", &field.description, limits::TEXT_CHARS));
    }

    /// The dataset's grade: at least the highest field's (GB/T 43697-2024, 就高从严).
    fn grade(&self, mistakes: &mut Vec<String>) -> Grade {
        let [lowest, ..] = Grade::ALL;
        let highest = self.field.iter().map(|f| f.grade).max().unwrap_or(lowest);
        match self.grade {
            Some(grade) if grade < highest => {
                mistakes
                    .push(format!("grade is {grade}, but a field is {highest}: raise it or leave it out"));
                highest
            }
            Some(grade) => grade,
            None => highest,
        }
    }

    fn field_specs(&self, mistakes: &mut Vec<String>) -> Vec<FieldSpec> {
        let mut specs = Vec::with_capacity(self.field.len());
        for field in &self.field {
            match field.ty.parse::<ColumnType>() {
                Ok(ty) => {
                    specs.push(FieldSpec { name: field.name.to_string(), ty, nullable: field.nullable })
                }
                Err(e) => mistakes.push(format!("field {}: {e}", field.name)),
            }
        }
        specs
    }

    fn masks(&self, mistakes: &mut Vec<String>) -> Vec<(String, Mask)> {
        let mut masks = Vec::new();
        for raw in &self.policy.masks {
            if !self.field.iter().any(|f| f.name == raw.field) {
                mistakes.push(format!("mask for {}: there is no such field", raw.field));
            }
            match raw.mask() {
                Some(mask) => masks.push((raw.field.to_string(), mask)),
                None => mistakes.push(format!(
                    "mask for {}: constant needs value, bucket needs width, prefix needs chars",
                    raw.field
                )),
            }
        }
        masks
    }
}

impl RawMask {
    fn mask(&self) -> Option<Mask> {
        match self.mask {
            MaskKind::Null => Some(Mask::Null),
            MaskKind::Constant => self.value.clone().map(Mask::Constant),
            MaskKind::Bucket => self.width.map(|width| Mask::Bucket { width }),
            MaskKind::Prefix => self.chars.map(|chars| Mask::Prefix { chars }),
        }
    }
}

impl RawField {
    fn meta(self) -> FieldMeta {
        FieldMeta {
            name: self.name,
            ty: self.ty,
            grade: self.grade,
            sensitivity: self.sensitivity,
            nullable: self.nullable,
            description: self.description,
        }
    }
}

impl RawSource {
    fn spec(&self, data_dir: &Path) -> Result<SourceSpec, DataError> {
        let (Self::Csv { path, time_zone, .. } | Self::Parquet { path, time_zone, .. }) = self;
        let file = DataFile::new(data_dir, path)?;
        let time_zone = time_zone.as_deref().map(str::parse::<TimeZone>).transpose()?;
        Ok(match self {
            Self::Csv { delimiter, header, .. } => {
                let delimiter = u8::try_from(*delimiter).unwrap_or(b',');
                SourceSpec::Csv { file, has_header: *header, delimiter, time_zone }
            }
            Self::Parquet { .. } => SourceSpec::Parquet { file, time_zone },
        })
    }

    fn fields(&self) -> &[FieldSpec] {
        let (Self::Csv { fields, .. } | Self::Parquet { fields, .. }) = self;
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "visits"
        title = "门诊"
        path = ["健康医疗", "医疗服务", "门诊", "就诊记录"]
        sharing = "conditional"
        update_cycle = "daily"
        [source]
        kind = "csv"
        path = "visits.csv"
        delimiter = ";"
        header = true
        [[field]]
        name = "age"
        type = "int64"
        grade = "general-2"
        sensitivity = "personal"
        [[field]]
        name = "icd"
        type = "utf8"
        grade = "general-4"
        [policy]
        row_filter = "age >= 18"
        masks = [{ field = "age", mask = "bucket", width = 10 }]
    "#;

    fn parse(text: &str) -> Result<Descriptor, DescriptorError> {
        Descriptor::parse(text, &"hospital-a".parse().unwrap(), "第一医院", Path::new("/d"))
    }

    #[test]
    fn a_descriptor_becomes_metadata_and_a_source() {
        let found = parse(GOOD).unwrap();
        assert_eq!(found.meta.grade.to_string(), "general-4", "the highest field's grade");
        assert_eq!(found.meta.id.to_string(), "hospital-a/visits");
        assert_eq!(found.spec.source.file(), &DataFile::new("/d", "visits.csv").unwrap());
        assert_eq!(found.masks, [("age".to_owned(), Mask::Bucket { width: 10.0 })]);
    }

    #[test]
    fn a_table_sent_by_mistake_is_told_and_not_quoted() {
        let error = parse("visits,cost\n340123199001011001,3.0\n").unwrap_err().to_string();
        assert!(error.contains("this is a table (CSV)") && !error.contains("340123199001011001"), "{error}");
        let error = parse(&GOOD.replacen("title", "340123199001011001 title", 1)).unwrap_err().to_string();
        assert!(error.contains("line 3: ") && !error.contains("340123199001011001"), "{error}");
    }

    #[test]
    fn a_source_is_a_file_of_the_nodes_data_and_no_other() {
        for path in [
            "/etc/passwd",
            "../keys/kek",
            "../keys/node.key",
            "../qianmo.toml",
            "/etc/hostname",
            "a/../../b",
            "",
        ] {
            let error = parse(&GOOD.replacen("visits.csv", path, 1)).unwrap_err().to_string();
            assert!(error.contains("leads out of the node's folder of data"), "{path}: {error}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, word) in [
            ("update_cycle = \"daily\"", "update_cycle = \"daily\"\ncolour = 1", "colour"),
            ("\"int64\"", "\"integer\"", "integer"),
            ("general-4", "secret", "secret"),
            ("[\"健康医疗\", ", "[", "four levels"),
            ("title = \"门诊\"", "title = \"门诊\"\ngrade = \"general-1\"", "raise it"),
            ("field = \"age\", mask", "field = \"agee\", mask", "no such field"),
            (", width = 10", "", "bucket needs width"),
            ("conditional", "sometimes", "sometimes"),
            ("visits.csv", "../keys/node.key", "`../keys/node.key` leads out"),
            ("visits.csv", "/etc/passwd", "`/etc/passwd` leads out"),
            ("header", "time_zone = \"+25:99\"\nheader", "no time zone `+25:99`"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from} is not in the sample");
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(word), "{word} is missing in: {error}");
        }
    }
}
