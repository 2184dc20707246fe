//! Whether a table that gets a column still takes the rows of the old version, which writes them without it.

use sqlparser::ast::{
    BinaryOperator, ColumnDef, ColumnOption, DataType, Expr, Ident, InTarget, NullsDistinctOption, UnaryOperator, Value,
};

use super::folded;

/// What the old version's rows have in the column.
#[derive(Clone, Copy, PartialEq)]
enum Filling {
    Null,
    Same,
    EachItsOwn,
}

/// What certainly refuses a row of the old version, be it the second one.
pub(super) fn tightens(column: &ColumnDef) -> Option<String> {
    let filling = filling(column);
    let why = column.options.iter().find_map(|option| match (&option.option, filling) {
        (ColumnOption::NotNull | ColumnOption::PrimaryKey(_), Filling::Null) => Some("NOT NULL and has no DEFAULT"),
        (ColumnOption::Unique(_) | ColumnOption::PrimaryKey(_), Filling::Same) => {
            Some("UNIQUE and has one DEFAULT for all rows")
        }
        (ColumnOption::Unique(unique), Filling::Null) if unique.nulls_distinct == NullsDistinctOption::NotDistinct => {
            Some("UNIQUE, its NULLs too, and has no DEFAULT")
        }
        _ => None,
    })?;
    Some(format!("adds the column {}, which is {why},", column.name))
}

/// The CHECK or REFERENCES that may refuse a row of the old version. One that comes to NULL refuses none.
pub(super) fn doubtful(column: &ColumnDef) -> Option<&ColumnOption> {
    let passes = |check: &Expr| filling(column) == Filling::Null && is_null(check, &column.name);
    column.options.iter().map(|option| &option.option).find(|option| match option {
        ColumnOption::Check(check) => !passes(&check.expr),
        ColumnOption::ForeignKey(_) => filling(column) != Filling::Null,
        _ => false,
    })
}

fn filling(ColumnDef { name, data_type, options }: &ColumnDef) -> Filling {
    let filled = options.iter().find_map(|option| match &option.option {
        ColumnOption::Generated { .. } | ColumnOption::Identity(_) => Some(Filling::EachItsOwn),
        ColumnOption::Default(value) if calls(value) => Some(Filling::EachItsOwn),
        ColumnOption::Default(value) if !is_null(value, name) => Some(Filling::Same),
        _ => None,
    });
    let serial = ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];
    let counted = serial.contains(&data_type.to_string().to_lowercase().as_str());
    filled.unwrap_or(if counted { Filling::EachItsOwn } else { Filling::Null })
}

/// Whether a function makes the value, which may then be another for each row.
fn calls(value: &Expr) -> bool {
    match value {
        Expr::Function(_) => true,
        Expr::Cast { expr, .. }
        | Expr::Nested(expr)
        | Expr::UnaryOp { expr, .. }
        | Expr::Collate { expr, .. }
        | Expr::Substring { expr, .. }
        | Expr::Trim { expr, .. }
        | Expr::Extract { expr, .. } => calls(expr),
        Expr::BinaryOp { left, right, .. } => calls(left) || calls(right),
        _ => false,
    }
}

/// Whether it is certainly NULL where the column is. `NULL AND false` and `NULL OR true` are not.
fn is_null(expr: &Expr, column: &Ident) -> bool {
    let null = |expr: &Expr| is_null(expr, column);
    match expr {
        Expr::Identifier(name) => folded(&name.value, name.quote_style) == folded(&column.value, column.quote_style),
        Expr::Value(value) => value.value == Value::Null,
        // A domain may refuse NULL.
        Expr::Cast { data_type: DataType::Custom(..), .. } => false,
        Expr::Nested(expr)
        | Expr::Cast { expr, .. }
        | Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::Plus | UnaryOperator::Minus, expr }
        | Expr::In { expr, target: InTarget::List(_), .. }
        | Expr::Between { expr, .. } => null(expr),
        Expr::Like { any: false, expr, pattern, .. }
        | Expr::ILike { any: false, expr, pattern, .. }
        | Expr::SimilarTo { expr, pattern, .. } => null(expr) || null(pattern),
        Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, left, right } => null(left) && null(right),
        Expr::BinaryOp { op, left, right } if strict(op) => null(left) || null(right),
        _ => false,
    }
}

/// Whether it makes NULL of NULL for all types. `||` does not: it appends to an array that is NULL.
fn strict(operator: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    let computes = matches!(operator, Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo | Op::PGExp);
    let compares = matches!(operator, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq);
    let matches = matches!(operator, Op::PGRegexMatch | Op::PGRegexIMatch | Op::PGRegexNotMatch | Op::PGRegexNotIMatch);
    let looks_in = matches!(operator, Op::Arrow | Op::LongArrow | Op::HashArrow | Op::HashLongArrow);
    let contains = matches!(operator, Op::AtArrow | Op::ArrowAt | Op::PGOverlap);
    computes || compares || matches || looks_in || contains
}
