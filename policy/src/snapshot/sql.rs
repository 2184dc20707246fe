//! A filter as a condition of SQL, so that a list is filtered before its page is cut.

use jiff::Timestamp;

use super::filter::{Filter, Partial};
use crate::{
    Attribute, Value,
    condition::{Bound, Operand, Test},
    value::Kind,
};

/// What of a query an attribute of the resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// An expression of SQL, such as `contact.owner`. It is put into the query as it is.
    pub sql: &'a str,
    /// What it is: `boolean`, any number, `text`, `timestamptz`, or `text[]` for a list.
    pub kind: Kind,
}

/// A part of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sql {
    /// For a `WHERE`, with placeholders (`$1`).
    pub text: String,
    /// What is to be bound to them, in order.
    pub binds: Vec<Bind>,
}

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// `boolean`
    Boolean(bool),
    /// `bigint`
    Integer(i64),
    /// `numeric`, of a text
    Decimal(String),
    /// `text`
    Text(String),
    /// `timestamptz`
    Time(Timestamp),
    /// `boolean[]`
    Booleans(Vec<bool>),
    /// `numeric[]`, of texts
    Numbers(Vec<String>),
    /// `text[]`
    Texts(Vec<String>),
}

/// In three-valued logic, what cannot be told.
const UNKNOWN: &str = "NULL::boolean";

impl Filter {
    /// The condition on rows whose columns are these, as [`Filter::shows`] would decide of each; an attribute that is no column is
    /// not there. Placeholders begin after the first `bound`.
    pub fn sql<'a>(&self, columns: &impl Fn(&str) -> Option<Column<'a>>, bound: usize) -> Sql {
        let Self::Where(wanted) = self else { return Sql { text: "FALSE".into(), binds: Vec::new() } };
        let mut writer = Writer { columns, bound, binds: Vec::new() };
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(partial, is)| format!("{} IS {}", writer.partial(partial), if *is { "TRUE" } else { "FALSE" }))
            .collect();
        let text = if wanted.is_empty() { "TRUE".into() } else { wanted.join(" AND ") };
        Sql { text, binds: writer.binds }
    }
}

struct Writer<'c, C> {
    columns: &'c C,
    bound: usize,
    binds: Vec<Bind>,
}

/// A side of a comparison.
struct Side {
    sql: String,
    kind: Kind,
    /// Of a list: what is in it.
    element: Kind,
}

impl<'a, C: Fn(&str) -> Option<Column<'a>>> Writer<'_, C> {
    fn partial(&mut self, partial: &Partial) -> String {
        match partial {
            Partial::Unknown => UNKNOWN.into(),
            Partial::Known(holds) => if *holds { "TRUE" } else { "FALSE" }.into(),
            Partial::All(parts) => self.several(parts, " AND "),
            Partial::Any(parts) => self.several(parts, " OR "),
            Partial::Not(part) => format!("(NOT {})", self.partial(part)),
            Partial::Is(left, test) => {
                let before = self.binds.len();
                self.test(left, test).unwrap_or_else(|| {
                    // Postgres wants each that is bound to be named.
                    self.binds.truncate(before);
                    UNKNOWN.into()
                })
            }
        }
    }

    fn several(&mut self, parts: &[Partial], between: &str) -> String {
        let parts: Vec<_> = parts.iter().map(|part| self.partial(part)).collect();
        format!("({})", parts.join(between))
    }

    /// Nothing where an attribute is no column, or one that cannot be compared so.
    fn test(&mut self, left: &Operand, test: &Test) -> Option<String> {
        if let Test::Exists(exists) = test {
            let column = self.column(left);
            let Some(column) = column else { return Some(if *exists { "FALSE" } else { "TRUE" }.into()) };
            return Some(format!("({} IS {}NULL)", column.sql, if *exists { "NOT " } else { "" }));
        }
        match test {
            Test::Equals(right) => self.two(left, right, |left, right| Some(format!("({left} = {right})"))),
            Test::NotEquals(right) => self.two(left, right, |left, right| Some(format!("({left} <> {right})"))),
            Test::In(right) => self.sides(left, right).and_then(|(one, list)| among(&one, &list)),
            Test::Contains(right) => {
                let (left, right) = self.sides(left, right)?;
                if left.kind == Kind::List {
                    return among(&right, &left);
                }
                left.is_text_as(&right).then(|| format!("(strpos({}, {}) > 0)", left.sql, right.sql))
            }
            Test::StartsWith(right) => {
                let (left, right) = self.sides(left, right)?;
                left.is_text_as(&right).then(|| format!("starts_with({}, {})", left.sql, right.sql))
            }
            Test::GreaterThan(right) => self.ordered(left, ">", right),
            Test::LessThan(right) => self.ordered(left, "<", right),
            Test::Between(from, to) => {
                let (from, to) = (self.ordered(left, ">=", from)?, self.ordered(left, "<=", to)?);
                Some(format!("(CASE WHEN {from} IS NULL OR {to} IS NULL THEN NULL ELSE {from} AND {to} END)"))
            }
            Test::Exists(_) | Test::IpInRange(_) | Test::TimeBetween(..) => None,
        }
    }

    /// Two of one kind that may be the same.
    fn two(
        &mut self,
        left: &Operand,
        right: &Operand,
        compared: impl Fn(&str, &str) -> Option<String>,
    ) -> Option<String> {
        let (left, right) = self.sides(left, right)?;
        let may_be_same = left.kind == right.kind && matches!(left.kind, Kind::Boolean | Kind::Number | Kind::Text);
        if may_be_same { compared(&left.sql, &right.sql) } else { None }
    }

    fn ordered(&mut self, left: &Operand, operator: &str, bound: &Bound) -> Option<String> {
        let left = self.of_order(left)?;
        let right = match bound {
            Bound::Number(number) => self.side(&Operand::Value(number.clone()))?,
            Bound::Time(time) => self.time(*time),
            Bound::Attribute(attribute) => self.side(&Operand::Attribute(attribute.clone()))?,
        };
        let are_ordered = left.kind == right.kind && matches!(left.kind, Kind::Number | Kind::Time);
        are_ordered.then(|| format!("({} {operator} {})", left.sql, right.sql))
    }

    /// A text that is known is a time here.
    fn of_order(&mut self, operand: &Operand) -> Option<Side> {
        match operand {
            Operand::Value(value @ Value::Text(_)) => value.time().map(|time| self.time(time)),
            other => self.side(other),
        }
    }

    fn time(&mut self, time: Timestamp) -> Side {
        Side { sql: self.bind(Bind::Time(time)), kind: Kind::Time, element: Kind::Time }
    }

    fn sides(&mut self, left: &Operand, right: &Operand) -> Option<(Side, Side)> {
        Some((self.side(left)?, self.side(right)?))
    }

    fn column(&self, operand: &Operand) -> Option<Column<'a>> {
        let Operand::Attribute(Attribute::Resource(name)) = operand else { return None };
        (self.columns)(name)
    }

    fn side(&mut self, operand: &Operand) -> Option<Side> {
        let Operand::Value(value) = operand else {
            return self.column(operand).map(|Column { sql, kind }| Side {
                sql: sql.into(),
                kind,
                element: Kind::Text,
            });
        };
        let bind = Bind::of(value)?;
        let element = bind.element();
        Some(Side { sql: self.bind(bind), kind: value.kind(), element })
    }

    fn bind(&mut self, bind: Bind) -> String {
        let of_type = bind.of_type();
        self.binds.push(bind);
        format!("${}::{of_type}", self.bound + self.binds.len())
    }
}

impl Side {
    fn is_text_as(&self, other: &Self) -> bool {
        self.kind == Kind::Text && other.kind == Kind::Text
    }
}

/// Nothing is in an empty list; but of what is not there, that cannot be told.
fn among(one: &Side, list: &Side) -> Option<String> {
    let fit = list.kind == Kind::List && list.element == one.kind;
    let (one, list) = (&one.sql, &list.sql);
    fit.then(|| format!("(CASE WHEN {one} IS NULL THEN NULL ELSE {one} = ANY ({list}) END)"))
}

impl Bind {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Boolean(boolean) => Self::Boolean(*boolean),
            Value::Integer(whole) => Self::Integer(*whole),
            Value::Decimal(number) => Self::Decimal(number.to_string()),
            Value::Text(text) => Self::Text(text.clone()),
            Value::List(list) => Self::of_list(list)?,
        })
    }

    fn of_list(list: &[Value]) -> Option<Self> {
        let texts = list.iter().map(|value| if let Value::Text(text) = value { Some(text.clone()) } else { None });
        let booleans = list.iter().map(|value| if let Value::Boolean(one) = value { Some(*one) } else { None });
        let texts = texts.collect::<Option<Vec<_>>>().map(Self::Texts);
        texts.or_else(|| booleans.collect::<Option<_>>().map(Self::Booleans)).or_else(|| {
            let numbers = list.iter().map(|value| match value {
                Value::Integer(whole) => Some(whole.to_string()),
                Value::Decimal(number) => Some(number.to_string()),
                _ => None,
            });
            numbers.collect::<Option<_>>().map(Self::Numbers)
        })
    }

    const fn of_type(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "boolean",
            Self::Integer(_) => "bigint",
            Self::Decimal(_) => "text::numeric",
            Self::Text(_) => "text",
            Self::Time(_) => "timestamptz",
            Self::Booleans(_) => "boolean[]",
            Self::Numbers(_) => "text[]::numeric[]",
            Self::Texts(_) => "text[]",
        }
    }

    /// Of a list.
    const fn element(&self) -> Kind {
        match self {
            Self::Booleans(_) | Self::Boolean(_) => Kind::Boolean,
            Self::Numbers(_) | Self::Integer(_) | Self::Decimal(_) => Kind::Number,
            Self::Texts(_) | Self::Text(_) => Kind::Text,
            Self::Time(_) => Kind::Time,
        }
    }
}
