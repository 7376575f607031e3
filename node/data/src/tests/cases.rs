//! Files as departments export them, each with the right answer: its rows exactly, or a refusal that says what it is.
//! The files are in `tests/cases`.

use std::path::{Path, PathBuf};

use super::{dump, open};
use crate::{ColumnType, DataError, DataFile, DatasetSpec, FieldSpec, Grant, SourceSpec, check};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// A file and how it is described.
#[derive(Clone)]
struct Case {
    file: &'static str,
    parquet: bool,
    delimiter: u8,
    header: bool,
    zone: Option<&'static str>,
    typed: &'static str,
    view: Option<&'static str>,
    fields: &'static str,
}

/// A CSV file with fields as `name:type`, nullable ones with `?`.
fn csv(file: &'static str, fields: &'static str) -> Case {
    Case { file, parquet: false, delimiter: b',', header: true, zone: None, typed: "", view: None, fields }
}

fn parquet(file: &'static str, fields: &'static str) -> Case {
    Case { parquet: true, ..csv(file, fields) }
}

impl Case {
    fn view(self, sql: &'static str) -> Self {
        Self { view: Some(sql), ..self }
    }

    fn typed(self, typed: &'static str) -> Self {
        Self { typed, ..self }
    }

    fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    fn zone(self, zone: &'static str) -> Self {
        Self { zone: Some(zone), ..self }
    }

    fn spec(&self) -> DatasetSpec {
        let file = DataFile::new(folder(), self.file).unwrap();
        let time_zone = self.zone.map(|zone| zone.parse().unwrap());
        let source = if self.parquet {
            SourceSpec::Parquet { file, time_zone }
        } else {
            SourceSpec::Csv { file, has_header: self.header, delimiter: self.delimiter, time_zone }
        };
        let spec = DatasetSpec::new("d", source, fields(self.fields)).with_source_fields(fields(self.typed));
        match self.view {
            Some(view) => spec.with_view(view),
            None => spec,
        }
    }

    /// Its rows, after a check.
    async fn rows(&self) -> Result<Vec<String>, DataError> {
        let spec = self.spec();
        let checked = check(&spec).await?;
        let columns: Vec<String> = spec.fields.iter().map(|field| field.name.clone()).collect();
        let rows = dump(&open(spec, Grant::columns(columns)).await?, "d").await?;
        assert_eq!(checked.rows, rows.len() as u64);
        Ok(rows)
    }
}

fn fields(text: &str) -> Vec<FieldSpec> {
    text.split_whitespace()
        .map(|field| {
            let (name, ty) = field.split_once(':').unwrap();
            let nullable = ty.ends_with('?');
            let ty: ColumnType = ty.trim_end_matches('?').parse().unwrap();
            FieldSpec { name: name.into(), ty, nullable }
        })
        .collect()
}

const BOTH: &str = "visits:int64 cost:float64";
const DATE: &str = "d:date32 n:int64";
const TIME: &str = "d:timestamp-us n:int64";
const DAY: &str = "SELECT CAST(CAST(t AS DATE) AS VARCHAR) AS day, n FROM source";
const DAY_BY_WALL: &str =
    "SELECT CAST(CAST(CAST(t AS TIMESTAMP(6)) AS DATE) AS VARCHAR) AS day, n FROM source";
const DAY_BY_TRIED: &str =
    "SELECT CAST(CAST(TRY_CAST(t AS TIMESTAMP(6)) AS DATE) AS VARCHAR) AS day, n FROM source";
const DAYS: &str = "day:utf8 n:int64";
const DAYS_OR_NONE: &str = "day:utf8? n:int64";

const COST: &str = "SELECT CAST(cost AS DOUBLE) AS cost FROM source";
const COST_IF: &str = "SELECT CAST(cost AS DOUBLE) AS cost FROM source WHERE cost <> 'NULL' AND kind <> '乙'";

/// Cases, how many rows they have, and the first.
fn good() -> Vec<(Case, usize, &'static str)> {
    vec![
        (csv("bom.csv", BOTH), 30, "1|3"),
        (csv("bomq.csv", BOTH), 30, "1|3"),
        (csv("bomcaps.csv", "visits:int64"), 30, "1"),
        (csv("cr.csv", BOTH), 30, "1|3"),
        (csv("plus.csv", BOTH), 30, "1|3"),
        (csv("spaces_hdr.csv", "visits:int64"), 30, "1"),
        (csv("tab.csv", BOTH).delimiter(b'\t'), 30, "1|3"),
        (csv("hive.csv", "visits:int64").delimiter(1), 30, "1"),
        (csv("gbkbody.csv", "id:int64 age:int64"), 30, "1|21"),
        // Rows of nothing but delimiters are no samples, nullable or not; neither are columns without a name.
        (csv("blankrows.csv", BOTH), 30, "1|3"),
        (csv("blankrows.csv", "visits:int64? cost:float64?"), 30, "1|3"),
        (csv("emptylines.csv", BOTH), 30, "1|3"),
        (csv("blankcell.csv", "visits:int64 cost:float64?"), 30, "1|3"),
        (csv("trailcols.csv", BOTH), 30, "1|3"),
        (csv("trailcol1.csv", BOTH), 30, "1|3"),
        // Names and text of any kind.
        (csv("zh.csv", "age:int64").view("SELECT CAST(\"年龄\" AS BIGINT) AS age FROM source"), 30, "21"),
        (
            csv("zh.csv", "age:int64 sbp:int64")
                .typed("年龄:int64 收缩压:int64")
                .view("SELECT \"年龄\" AS age, \"收缩压\" AS sbp FROM source"),
            30,
            "21|111",
        ),
        (csv("zh.csv", "age:int64").typed("年龄:int64").view("SELECT 年龄 AS age FROM source"), 30, "21"),
        (parquet("zh.parquet", "age:int64").view("SELECT \"年龄\" AS age FROM source"), 30, "0"),
        (
            csv("caps.csv", "id:int64 age:int64")
                .view("SELECT CAST(\"ID\" AS BIGINT) AS id, CAST(\"Age\" AS BIGINT) AS age FROM source"),
            30,
            "1|21",
        ),
        (csv("quote.csv", "item:utf8 n:int64"), 30, "pipe 1\" wide|1"),
        (csv("multiline.csv", "kind:utf8 cost:float64"), 30, "k1|1"),
        (csv("tabid.csv", "code:utf8 n:int64"), 48, "A|0"),
        (csv("nul.csv", "kind:utf8 n:int64"), 30, "a\0b|0"),
        (csv("other.csv", "kind:utf8 n:int64"), 52, "other|0"),
        (csv("textonly.csv", "kind:utf8"), 35, "甲"),
        (csv("textonly.csv", "kind:utf8 one:int64").view("SELECT kind, CAST(1 AS BIGINT) AS one FROM source"), 35, "甲|1"),
        (csv("bool.csv", "flag:boolean n:int64"), 30, "true|0"),
        (csv("sci.csv", "id:utf8 n:int64"), 30, "340123199001011001|1"),
        (csv("zeros.csv", "region:utf8 n:int64"), 30, "010000|1"),
        // What stands for nothing, and how a view makes nothing of it.
        (csv("nulls.csv", "kind:utf8?"), 30, "甲"),
        (
            csv("nulls.csv", "kind:utf8? cost:float64?").typed("cost:utf8?").view(
                "SELECT kind, CAST(CASE WHEN cost IN ('NULL','N/A','-','无','\\N') THEN NULL ELSE cost END AS DOUBLE) \
                 AS cost FROM source",
            ),
            30,
            "甲|1",
        ),
        (
            csv("nulls.csv", "cost:float64")
                .view("SELECT CAST(cost AS DOUBLE) AS cost FROM source WHERE TRY_CAST(cost AS DOUBLE) IS NOT NULL")
                .typed("cost:utf8?"),
            25,
            "1",
        ),
        // A column that the view leaves no nulls in is not null, whatever its source has.
        (csv("blankcell.csv", BOTH).view("SELECT visits, cost FROM source WHERE cost IS NOT NULL"), 27, "1|3"),
        // Whole numbers stay whole: a double would round them.
        (csv("big.csv", "amount:int64"), 30, "9007199254740993"),
        (csv("big.csv", "amount:int64").view("SELECT sum(amount) AS amount FROM source"), 1, "9007199254741022"),
        (csv("bigid.csv", "amount:int64").view("SELECT sum(amount) AS amount FROM source"), 1, "270215977642230660"),
        (
            csv("thousands.csv", "amount:float64 n:int64")
                .typed("amount:utf8")
                .view("SELECT CAST(REPLACE(amount,',','') AS DOUBLE) AS amount, n FROM source"),
            30,
            "1000.5|1",
        ),
        (
            csv("fullwidth.csv", "amount:float64 n:int64").typed("amount:utf8").view(
                "SELECT CAST(translate(amount,'０１２３４５６７８９．','0123456789.') AS DOUBLE) AS amount, n FROM source",
            ),
            30,
            "10|1",
        ),
        // Days and times. 18691 days is 5 March 2021.
        (csv("dates_iso.csv", DATE), 30, "18691|0"),
        (csv("dates_dash.csv", DATE), 30, "18691|0"),
        (csv("dates_compact.csv", DATE), 30, "18691|0"),
        (csv("dates_isotime.csv", TIME), 30, "1614902400000000|0"),
        (csv("dates_isotime.csv", TIME).zone("+08:00"), 30, "1614873600000000|0"),
        (
            csv("dates_slash.csv", DATE).typed("d:utf8").view("SELECT to_date(d,'%Y/%m/%d') AS d, n FROM source"),
            30,
            "18691|0",
        ),
        (
            csv("dates_zh.csv", DATE).typed("d:utf8").view("SELECT to_date(d,'%Y年%m月%d日') AS d, n FROM source"),
            30,
            "18691|0",
        ),
        // All of one day at +08:00, of which the first eight hours are the day before in UTC.
        (csv("local.csv", DAYS).typed("t:timestamp-us").view(DAY), 32, "2021-03-05|0"),
        (csv("local.csv", DAYS).typed("t:timestamp-us").view(DAY).zone("Asia/Shanghai"), 32, "2021-03-05|0"),
        (csv("ts.csv", DAYS).typed("t:timestamp-us").view(DAY).zone("+08:00"), 30, "2021-03-05|0"),
        (csv("tz8.csv", DAYS).typed("t:timestamp-us").view(DAY).zone("+08:00"), 32, "2021-03-05|0"),
        (csv("tz8.csv", DAYS).typed("t:timestamp-us").view(DAY_BY_WALL).zone("+08:00"), 32, "2021-03-05|0"),
        (parquet("tz.parquet", DAYS).view(DAY), 30, "2021-03-05|0"),
        (parquet("tz.parquet", DAYS).view(DAY_BY_WALL), 30, "2021-03-05|0"),
        (parquet("tz.parquet", DAYS_OR_NONE).view(DAY_BY_TRIED), 30, "2021-03-05|0"),
        (parquet("utc.parquet", DAYS).view(DAY).zone("+08:00"), 30, "2021-03-05|0"),
        // The old kind of time: 253370764800000000 is 1 January 9999, beyond what nanoseconds reach.
        (
            parquet("int96.parquet", "y:int64").view(
                "SELECT CAST(date_part('year', CAST(valid_to AS TIMESTAMP(6))) AS BIGINT) AS y FROM source",
            ),
            30,
            "9999",
        ),
        (
            parquet("us.parquet", "y:int64").view("SELECT CAST(date_part('year', valid_to) AS BIGINT) AS y FROM source"),
            30,
            "9999",
        ),
        (parquet("ms.parquet", "t:timestamp-us n:int64"), 30, "1614929400000000|0"),
        (parquet("tz.parquet", "t:timestamp-us n:int64"), 30, "1614900600000000|0"),
        (parquet("int96.parquet", "valid_to:timestamp-us n:int64"), 30, "253402214400000000|0"),
        // Other types of Parquet.
        (
            parquet("money.parquet", "amount:float64 n:int64")
                .view("SELECT CAST(amount AS DOUBLE) AS amount, n FROM source"),
            30,
            "1.01|1",
        ),
        (
            parquet("nan.parquet", "x:float64? n:int64")
                .view("SELECT CASE WHEN isnan(x) THEN NULL ELSE x END AS x, n FROM source"),
            30,
            "-|0",
        ),
        (parquet("lz4.parquet", "x:float64"), 30, "0"),
        (parquet("brotli.parquet", "x:float64"), 30, "0"),
    ]
}

/// Cases, the error's code, and what its text must tell.
fn refused() -> Vec<(Case, &'static str, &'static str)> {
    vec![
        // Files of another kind.
        (csv("html.csv", BOTH), "wrong-kind", "web page"),
        (csv("xlsx.csv", BOTH), "wrong-kind", ".xlsx"),
        (csv("utf16.csv", BOTH).delimiter(b'\t'), "wrong-kind", "UTF-16"),
        (csv("money.parquet", BOTH), "wrong-kind", "kind = \"parquet\""),
        (parquet("bom.csv", BOTH), "wrong-kind", "kind = \"csv\""),
        (csv("gbk.csv", BOTH), "not-utf8", "GBK"),
        (
            csv("gbkbody.csv", "id:int64 name:utf8"),
            "not-utf8",
            "line 2, column `name`: not UTF-8 text, but it looks like GBK",
        ),
        (csv("header_only.csv", BOTH), "dataset-empty", "no rows"),
        (parquet("empty.parquet", "x:float64"), "dataset-empty", "no rows"),
        // Columns that are not there, or seem not to be.
        (csv("caps.csv", "id:int64 age:int64"), "column-missing", "did you mean `ID`?"),
        (
            csv("caps.csv", "id:int64").view("SELECT ID AS id FROM source"),
            "column-missing",
            "did you mean `ID`?",
        ),
        (parquet("caps.parquet", "age:int64"), "column-missing", "did you mean `Age`?"),
        (csv("tab.csv", BOTH), "column-missing", "a tab"),
        (csv("semi.csv", BOTH), "column-missing", "`;`"),
        (csv("titled.csv", BOTH), "column-missing", "on line 2"),
        (csv("bom.csv", "visit:int64"), "column-missing", "which has `visits`, `cost`"),
        (
            csv("bom.csv", "a:int64").view("SELECT visits AS a, costs FROM source"),
            "column-missing",
            "`visits`, `cost`",
        ),
        (csv("bom.csv", "a:int64").view("SELECT visits AS b FROM source"), "column-missing", "which has `b`"),
        (csv("dup.csv", BOTH), "column-repeated", "`visits`"),
        // Rows and cells.
        (Case { header: false, ..csv("titled.csv", BOTH) }, "value-broken", "line 1, column `visits`"),
        (csv("short.csv", "visits:int64 cost:float64 note:utf8?"), "row-broken", "line 3: 2 cells"),
        (csv("openquote.csv", "item:utf8 n:int64"), "row-broken", "line 11"),
        (csv("crbad.csv", BOTH), "value-broken", "line 32, column `visits`"),
        (csv("blankcell.csv", BOTH), "value-missing", "line 11, column `cost`"),
        (csv("nulls.csv", "kind:utf8? cost:float64?"), "value-broken", "line 27, column `cost`"),
        (
            csv("hive.csv", "visits:int64 cost:float64?").delimiter(1),
            "value-broken",
            "line 11, column `cost`",
        ),
        (csv("semi.csv", BOTH).delimiter(b';'), "value-broken", "line 2, column `cost`"),
        (csv("floatint.csv", BOTH), "value-broken", "line 2, column `visits`"),
        (csv("sci.csv", "id:int64 n:int64"), "value-broken", "line 3, column `id`"),
        (csv("int_over.csv", "x:int64 n:int64"), "value-broken", "line 2, column `x`"),
        (csv("e.csv", "x:float64 n:int64"), "not-finite", "line 2, column `x`"),
        (csv("inf.csv", "x:float64 n:int64"), "not-finite", "line 7, column `x`"),
        (csv("thousands.csv", "amount:float64 n:int64"), "value-broken", "line 2, column `amount`"),
        (csv("comma_full.csv", "amount:float64 n:int64"), "value-broken", "line 2, column `amount`"),
        (csv("fullwidth.csv", "amount:float64 n:int64"), "value-broken", "line 2, column `amount`"),
        (csv("percent.csv", "rate:float64 n:int64"), "value-broken", "line 2, column `rate`"),
        (csv("yesno.csv", "flag:boolean n:int64"), "value-broken", "line 2, column `flag`"),
        // Conversions of a view: by the file's line, through conditions and blank rows.
        (
            csv("nulls.csv", "cost:float64").typed("cost:utf8?").view(COST),
            "read-failed",
            "line 27, column `cost`: the value cannot become float64",
        ),
        (
            csv("nulls.csv", "cost:float64").typed("cost:utf8?").view(COST_IF),
            "read-failed",
            "line 28, column `cost`: the value cannot become float64",
        ),
        // Dates that could mean another day, or a time that would be lost.
        (csv("dates_slash.csv", DATE), "value-broken", "type date32"),
        (csv("dates_slash0.csv", DATE), "value-broken", "type date32"),
        (csv("dates_zh.csv", DATE), "value-broken", "type date32"),
        (csv("dates_dot.csv", DATE), "value-broken", "type date32"),
        (csv("dates_serial.csv", DATE), "value-broken", "type date32"),
        (csv("dates_us.csv", DATE), "value-broken", "type date32"),
        (csv("dates_ym.csv", DATE), "value-broken", "type date32"),
        (csv("dates_isotime.csv", DATE), "value-broken", "type date32"),
        (csv("dates_slashtime.csv", DATE), "value-broken", "type date32"),
        (csv("dates_iso_z.csv", DATE), "value-broken", "type date32"),
        (csv("dates_long.csv", DATE), "value-broken", "type date32"),
        (csv("dates_slash.csv", TIME), "value-broken", "type timestamp-us"),
        (csv("dates_zh.csv", TIME), "value-broken", "type timestamp-us"),
        (csv("dates_slashtime.csv", TIME), "value-broken", "type timestamp-us"),
        // Times of +08:00 where nobody says so.
        (csv("ts.csv", DAYS).typed("t:timestamp-us").view(DAY), "time-zoned", "line 2, column `t`"),
        (csv("tz8.csv", DAYS).typed("t:timestamp-us").view(DAY), "time-zoned", "time_zone = \"+08:00\""),
        // Types that lose something.
        (parquet("money.parquet", "amount:float64 n:int64"), "type-mismatch", "Decimal"),
        (parquet("ns.parquet", "t:timestamp-us n:int64"), "type-mismatch", "ns"),
        (parquet("nan.parquet", "x:float64? n:int64"), "not-finite", "column `x`"),
        (parquet("mixed.parquet", "u64:int64"), "type-mismatch", "UInt64"),
        (parquet("mixed.parquet", "clock:utf8"), "type-mismatch", "Time"),
        (parquet("mixed.parquet", "uid:utf8"), "type-mismatch", "Binary"),
        (parquet("mixed.parquet", "tags:utf8"), "type-mismatch", "List"),
        (parquet("mixed.parquet", "addr:utf8"), "type-mismatch", "Struct"),
        (parquet("mixed.parquet", "raw:utf8"), "type-mismatch", "Binary"),
        (parquet("mixed.parquet", "dur:int64"), "type-mismatch", "Duration"),
        (parquet("nullcol.parquet", "x:float64 allnull:float64?"), "type-mismatch", "column `allnull`"),
        (parquet("odd.parquet", "d64:date32"), "type-mismatch", "Date64"),
    ]
}

#[tokio::test]
async fn good_files_are_read_exactly() {
    let mut wrong = Vec::new();
    for (case, count, first) in good() {
        match case.rows().await {
            Ok(rows) if rows.len() == count && rows[0] == first => {}
            found => wrong.push(format!(
                "{} {:?}: {:?}",
                case.file,
                case.view,
                found.map(|rows| (rows.len(), rows[0].clone()))
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_day_is_one_day_in_all_its_hours() {
    for case in good().into_iter().map(|(case, ..)| case).filter(|case| case.fields == DAYS) {
        let days: Vec<String> = case.rows().await.unwrap();
        assert!(days.iter().all(|row| row.starts_with("2021-03-05|")), "{}: {days:?}", case.file);
    }
}

#[tokio::test]
async fn other_files_are_refused_by_what_they_are_and_without_a_cell() {
    let mut wrong = Vec::new();
    for (case, code, told) in refused() {
        match case.rows().await {
            Err(error) if error.code() == code && error.to_string().contains(told) => {
                assert_eq!(quoted(case.file, &error.to_string()), None, "{}: {error}", case.file);
            }
            found => wrong.push(format!(
                "{} {:?}: {:?}",
                case.file,
                case.view,
                found.map(|rows| rows.len()).map_err(|e| e.to_string())
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A cell of a text file, below its header, that a text repeats. Short ones occur by chance.
fn quoted(file: &str, text: &str) -> Option<String> {
    let content = std::fs::read_to_string(folder().join(file)).unwrap_or_default();
    let lines = content.split(['\n', '\r']).skip(2);
    let cells = lines.flat_map(|line| line.split([',', ';', '\t']));
    cells.filter(|cell| cell.chars().count() > 4).find(|cell| text.contains(cell)).map(str::to_owned)
}

#[test]
fn every_file_has_a_case() {
    let used: Vec<&str> = good()
        .iter()
        .map(|(case, ..)| case.file)
        .chain(refused().iter().map(|(case, ..)| case.file))
        .collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(used.contains(&name.as_str()), "{name}");
    }
}

/// A table as wide as a dataset may be, renamed, cleaned and typed by its view.
#[tokio::test]
async fn a_view_may_be_as_wide_as_a_dataset() {
    let folder = super::Folder::new();
    let names: Vec<String> = (0..300).map(|n| format!("指标{n:03}")).collect();
    let row = |cell: &str| vec![cell; 300].join(",");
    folder.write("wide.csv", format!("{}\n{}\n{}\n", names.join(","), row("7"), row("-")));
    let fields = (0..300).map(|n| FieldSpec::new(format!("c{n:03}"), ColumnType::Float64).nullable());
    let spec = DatasetSpec::new("d", super::csv_of(folder.path("wide.csv")), fields.collect());
    for wrap in ["TRY_CAST(\"{}\" AS DOUBLE)", "CAST(NULLIF(\"{}\",'-') AS DOUBLE)"] {
        let columns = names.iter().enumerate();
        let columns = columns.map(|(n, name)| format!("{} AS c{n:03}", wrap.replace("{}", name)));
        let view = format!("SELECT {} FROM source", columns.collect::<Vec<_>>().join(", "));
        let spec = spec.clone().with_view(view);
        assert_eq!(check(&spec).await.unwrap().rows, 2);
        let session = open(spec, Grant::columns(["c000", "c299"])).await.unwrap();
        assert_eq!(dump(&session, "d").await.unwrap(), ["7|7", "-|-"]);
    }
}
