use super::*;
use crate::bindings::analysis::qianmo::model::types::Utf8Data;

fn field(name: &str, ty: ColumnType) -> Field {
    Field { name: name.to_owned(), ty, nullable: true }
}

fn column(data: ColumnData, validity: Option<Vec<u8>>) -> Column {
    Column { data, validity }
}

#[test]
fn numbers_come_from_every_numeric_type_and_from_no_other() {
    let fields = [
        field("flag", ColumnType::Boolean),
        field("small", ColumnType::Int32),
        field("large", ColumnType::Int64),
        field("real", ColumnType::Float64),
        field("day", ColumnType::Date32),
        field("name", ColumnType::Utf8),
    ];
    let columns = vec![
        column(ColumnData::Booleans(vec![1, 0]), None),
        column(ColumnData::Int32s(vec![-3, 4]), None),
        column(ColumnData::Int64s(vec![1 << 40, 0]), Some(vec![0b01])),
        column(ColumnData::Float64s(vec![0.5, 1.5]), Some(vec![0b11])),
        column(ColumnData::Int32s(vec![1, 2]), None),
        column(ColumnData::Utf8s(Utf8Data { offsets: vec![0, 0, 0], bytes: vec![] }), None),
    ];
    let rows = Rows { batch: Batch { rows: 2, columns }, fields: &fields };
    let read = |index| rows.numbers(index).map(|numbers| numbers.iter().collect::<Vec<_>>());
    assert_eq!(read(0).unwrap(), [Some(1.0), Some(0.0)]);
    assert_eq!(read(1).unwrap(), [Some(-3.0), Some(4.0)]);
    assert_eq!(read(2).unwrap(), [Some(1_099_511_627_776.0), None]);
    assert_eq!(rows.numbers(2).unwrap().dense(), None);
    assert_eq!(rows.numbers(3).unwrap().dense(), Some([0.5, 1.5].as_slice()));
    for index in [4, 5] {
        assert_eq!(read(index).unwrap_err().code, ErrorCode::BadSchema);
    }
    assert_eq!(read(6).unwrap_err().code, ErrorCode::Internal);

    let whole = |index| rows.integers(index).map(|values| values.iter().collect::<Vec<_>>());
    assert_eq!(whole(0).unwrap(), [Some(1), Some(0)]);
    assert_eq!(whole(1).unwrap(), [Some(-3), Some(4)]);
    assert_eq!(whole(2).unwrap(), [Some(1 << 40), None]);
    assert_eq!(whole(4).unwrap(), [Some(1), Some(2)]);
    for index in [3, 5] {
        assert_eq!(whole(index).unwrap_err().code, ErrorCode::BadSchema);
    }
}

#[test]
fn texts_are_cut_at_their_offsets() {
    let fields = [field("name", ColumnType::Utf8), field("flag", ColumnType::Boolean)];
    let utf8 = Utf8Data { offsets: vec![0, 3, 3, 6], bytes: "阡陌".as_bytes().to_vec() };
    let columns = vec![
        column(ColumnData::Utf8s(utf8), Some(vec![0b101])),
        column(ColumnData::Booleans(vec![0, 1, 0]), None),
    ];
    let rows = Rows { batch: Batch { rows: 3, columns }, fields: &fields };
    let texts: Vec<Option<String>> =
        rows.texts(0).unwrap().iter().map(|text| text.map(Cow::into_owned)).collect();
    assert_eq!(texts, [Some("阡".to_owned()), None, Some("陌".to_owned())]);
    let flags = rows.texts(1).unwrap();
    assert_eq!(flags.iter().flatten().collect::<Vec<_>>(), ["false", "true", "false"]);
}
