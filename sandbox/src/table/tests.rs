use super::*;

/// Twelve rows of text and numbers, every third of them missing.
fn mixed() -> Batch {
    let texts = ["", "a", "阡陌", "bb"].repeat(3);
    let (mut offsets, mut bytes) = (vec![0], Vec::new());
    for text in texts {
        bytes.extend_from_slice(text.as_bytes());
        offsets.push(u32::try_from(bytes.len()).unwrap());
    }
    let validity = Some(vec![0b0110_1101, 0b1011]);
    let columns = vec![
        Column { data: ColumnData::Utf8 { offsets, bytes }, validity: validity.clone() },
        Column { data: ColumnData::I64((0..12).collect()), validity },
        Column::new(ColumnData::Bool([0, 1].repeat(6))),
    ];
    Batch { rows: 12, columns }
}

/// What a row holds, as text, whatever the batches.
fn rows(batches: &VecDeque<Batch>) -> Vec<Vec<Option<String>>> {
    let cell = |column: &Column, row: usize| {
        let text = match piece(column, row, row + 1).data {
            ColumnData::Utf8 { bytes, .. } => String::from_utf8(bytes).unwrap(),
            ColumnData::I64(values) => values[0].to_string(),
            ColumnData::Bool(values) => values[0].to_string(),
            other => panic!("{other:?}"),
        };
        column.is_valid(row).then_some(text)
    };
    let row = |batch: &Batch, row| batch.columns.iter().map(|column| cell(column, row)).collect();
    batches.iter().flat_map(|batch| (0..batch.rows as usize).map(|index| row(batch, index))).collect()
}

#[test]
fn the_pieces_of_a_batch_hold_its_rows() {
    let whole = rows(&VecDeque::from([mixed()]));
    for limit in [40, 41, 64, 100, 1000] {
        let mut pieces = VecDeque::new();
        mixed().split(limit, &mut pieces).unwrap();
        assert_eq!(rows(&pieces), whole, "{limit}");
        assert!(pieces.iter().all(|piece| piece.byte_len() as u64 <= limit));
        for piece in &pieces {
            piece.columns.iter().for_each(|column| column.check(piece.rows as usize).unwrap());
        }
    }
    let error = mixed().split(10, &mut VecDeque::new()).unwrap_err();
    assert!(error.contains("one row of"), "{error}");
}

#[test]
fn columns_that_are_not_sound_are_told_apart() {
    let text = |offsets: &[u32], bytes: &[u8]| {
        Column::new(ColumnData::Utf8 { offsets: offsets.to_vec(), bytes: bytes.to_vec() })
    };
    assert_eq!(text(&[0, 1, 1], b"a").check(2), Ok(()));
    for (column, words) in [
        (text(&[0, 2, 1], b"a"), "ascend"),
        (text(&[1, 1], b"a"), "do not run from 0"),
        (text(&[0, 0], b"a"), "do not run from 0"),
        (text(&[0, 1, 3], "é!".as_bytes()), "not UTF-8"),
        (Column::new(ColumnData::Bool(vec![2])), "neither 0 nor 1"),
        (Column { validity: Some(vec![]), ..Column::new(ColumnData::I32(vec![1])) }, "validity bytes"),
    ] {
        let error = column.check(column.data.len()).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_table_has_one_sound_column_per_field() {
    let field = |name: &str| Field { name: name.to_owned(), ty: ColumnType::Int32, nullable: false };
    let column = |values: &[i32]| Column::new(ColumnData::I32(values.to_vec()));
    assert_eq!(check_table(&[field("a"), field("b")], &[column(&[1]), column(&[2])], 1), Ok(()));
    let missing = Column { validity: Some(vec![0]), ..column(&[1]) };
    for (fields, columns, words) in [
        (vec![field("a")], vec![], "1 fields and 0 columns"),
        (vec![field("a"), field("a")], vec![column(&[1]), column(&[2])], "two columns named `a`"),
        (vec![field("a")], vec![column(&[1, 2])], "2 values for 1 rows"),
        (vec![field("a")], vec![Column::new(ColumnData::F64(vec![1.0]))], "not of its type"),
        (vec![field("a")], vec![missing], "not nullable"),
    ] {
        let error = check_table(&fields, &columns, 1).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
