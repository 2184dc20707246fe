//! Whether an expand step only adds. The version before serves while it runs, and may serve again.

mod column;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use plexica_contract::manifest::MigrationPhase;
use sqlparser::{
    ast::{
        AlterColumnOperation, AlterTable, AlterTableOperation, ColumnOption, ObjectNamePart, Query, SetExpr, Statement,
    },
    dialect::PostgreSqlDialect,
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

use super::{Migration, MigrationError, Migrations};

/// What its author has called an expand step may hold what cannot be told from its text, such as what `DO` does.
const VOUCHED: &str = ".expand.sql";

/// What is wrong with a plugin's migrations, given by the names and texts of their files: names that are none, numbers
/// that are there twice, and expand steps that drop, rename or tighten what the version before still uses. Nothing for
/// migrations that may be released.
pub fn check_migrations<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<MigrationError> {
    let mut migrations = Migrations::default();
    let mut refused: Vec<_> = files.into_iter().filter_map(|(name, sql)| migrations.add(name, sql).err()).collect();
    refused.extend(refusals(&migrations));
    refused
}

/// Refuses expand steps that drop, rename or tighten what is there.
#[cfg(feature = "test-host")]
pub(crate) fn check(migrations: &Migrations) -> Result<(), MigrationError> {
    refusals(migrations).next().map_or(Ok(()), Err)
}

fn refusals(migrations: &Migrations) -> impl Iterator<Item = MigrationError> {
    let expand = migrations.all().iter().filter(|migration| migration.phase == MigrationPhase::Expand);
    expand.filter_map(|Migration { name, sql, .. }| {
        let why = takes_away(sql, name.ends_with(VOUCHED))?;
        Some(MigrationError::NotExpand { name: name.clone(), why })
    })
}

/// What the statements take away, or that it cannot be known. Each is read by itself: one that cannot be read, and is
/// vouched for, hides none of the others.
fn takes_away(sql: &str, vouched: bool) -> Option<String> {
    let mut tokens = Vec::new();
    let whole = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location_into_buf(&mut tokens);
    let mut made = Made::default();
    let told = split(&tokens).find_map(|tokens| {
        match Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(tokens.to_vec()).parse_statements() {
            Ok(statements) => statements.iter().find_map(|statement| {
                of_statement(statement, vouched, &mut made).or_else(|| of_call(statement, tokens, vouched, &made))
            }),
            Err(_) if vouched => None,
            Err(error) => Some(unknown(&error)),
        }
    });
    told.or_else(|| whole.err().filter(|_| !vouched).map(|error| unknown(&error)))
}

/// Each statement's tokens. A semicolon within parentheses (`CREATE RULE`) or `BEGIN ATOMIC … END` ends none.
fn split(tokens: &[TokenWithSpan]) -> impl Iterator<Item = &[TokenWithSpan]> {
    let (mut depth, mut begin) = (0_usize, false);
    tokens.split(move |TokenWithSpan { token, .. }| {
        let keyword = match token {
            Token::Whitespace(_) => return false,
            Token::Word(word) => word.keyword,
            _ => Keyword::NoKeyword,
        };
        match (token, keyword) {
            (Token::LParen, _) | (_, Keyword::CASE) => depth += 1,
            (_, Keyword::ATOMIC) if begin => depth += 1,
            (Token::RParen, _) | (_, Keyword::END) => depth = depth.saturating_sub(1),
            _ => {}
        }
        begin = keyword == Keyword::BEGIN;
        depth == 0 && *token == Token::SemiColon
    })
}

/// What the file itself has made.
#[derive(Default)]
struct Made {
    /// Nobody uses them yet.
    tables: BTreeSet<String>,
    /// What they do is not looked at.
    functions: BTreeSet<String>,
}

fn unknown(what: &dyn std::fmt::Display) -> String {
    format!(
        "what it does cannot be told from its text ({what}): if it only adds, say so by calling it as in 0007_words{VOUCHED}; if not"
    )
}

fn of_statement(statement: &Statement, vouched: bool, made: &mut Made) -> Option<String> {
    match statement {
        Statement::CreateTable(table) => {
            // With IF NOT EXISTS it may be an old one.
            if !table.if_not_exists {
                made.tables.insert(table.name.to_string());
            }
            None
        }
        Statement::CreateFunction(function) => {
            if function.or_replace && !vouched {
                return Some(unknown(&format_args!("it may replace the function {}", function.name)));
            }
            let name = function.name.0.last().and_then(ObjectNamePart::as_ident);
            made.functions.extend(name.map(|name| folded(&name.value, name.quote_style)));
            None
        }
        Statement::CreateView(view) if view.or_replace && !vouched => {
            Some(unknown(&format_args!("it may replace the view {}", view.name)))
        }
        Statement::CreateTrigger(trigger) if !vouched && !made.tables.contains(&trigger.table_name.to_string()) => {
            Some(unknown(&format_args!("the trigger {} runs for what the old version writes", trigger.name)))
        }
        Statement::CreateIndex(index) if index.unique && !made.tables.contains(&index.table_name.to_string()) => {
            Some(format!("makes values of {} unique", index.table_name))
        }
        Statement::AlterTable(AlterTable { name, .. }) if made.tables.contains(&name.to_string()) => None,
        Statement::AlterTable(AlterTable { name, operations, .. }) => {
            let refused =
                operations.iter().find_map(|operation| of_table(operation).map(|why| format!("{why} in {name}")));
            let doubted = || operations.iter().filter(|_| !vouched).find_map(doubtful);
            refused.or_else(|| doubted().map(|check| unknown(&format_args!("{check} in {name}"))))
        }
        Statement::Query(query) => removes(query).then(|| "removes rows".to_owned()),
        Statement::CreateIndex(_)
        | Statement::CreateView(_)
        | Statement::CreateSequence { .. }
        | Statement::CreateTrigger(_)
        | Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Set(_)
        | Statement::Comment { .. }
        | Statement::Grant(_)
        | Statement::Analyze(_) => None,
        Statement::Delete(_) | Statement::Truncate(_) => Some("removes rows".into()),
        Statement::Drop { .. }
        | Statement::DropFunction(_)
        | Statement::DropTrigger(_)
        | Statement::DropProcedure { .. }
        | Statement::Revoke(_) => Some(format!("takes away what is there ({statement})")),
        _ if vouched => None,
        other => Some(unknown(other)),
    }
}

/// A function that the file makes may do anything where it is called.
fn of_call(statement: &Statement, tokens: &[TokenWithSpan], vouched: bool, made: &Made) -> Option<String> {
    let runs = matches!(statement, Statement::Query(_) | Statement::Insert(_) | Statement::Update(_));
    if vouched || !runs {
        return None;
    }
    let tokens: Vec<_> =
        tokens.iter().map(|token| &token.token).filter(|it| !matches!(it, Token::Whitespace(_))).collect();
    tokens.windows(2).find_map(|pair| match pair {
        [Token::Word(name), Token::LParen] if made.functions.contains(&folded(&name.value, name.quote_style)) => {
            Some(unknown(&format_args!("it calls {name}, which it makes itself")))
        }
        _ => None,
    })
}

/// A name as Postgres knows it.
fn folded(name: &str, quote: Option<char>) -> String {
    if quote.is_some() { name.to_owned() } else { name.to_lowercase() }
}

/// What a change of a table that is there takes away.
fn of_table(operation: &AlterTableOperation) -> Option<String> {
    match operation {
        AlterTableOperation::AddColumn { column_def, .. } => column::tightens(column_def),
        AlterTableOperation::AlterColumn {
            op: AlterColumnOperation::DropNotNull | AlterColumnOperation::SetDefault { .. },
            ..
        }
        | AlterTableOperation::ValidateConstraint { .. }
        | AlterTableOperation::EnableTrigger { .. } => None,
        AlterTableOperation::AddConstraint { .. } => {
            Some("adds a constraint that the old version does not know".into())
        }
        AlterTableOperation::DropColumn { .. } | AlterTableOperation::DropConstraint { .. } => {
            Some(format!("takes away what is there ({operation})"))
        }
        AlterTableOperation::RenameColumn { .. }
        | AlterTableOperation::RenameTable { .. }
        | AlterTableOperation::RenameConstraint { .. } => Some(format!("renames ({operation})")),
        other => Some(format!("changes or tightens what is there ({other})")),
    }
}

/// The CHECK or REFERENCES of a new column that may refuse a row of the old version.
fn doubtful(operation: &AlterTableOperation) -> Option<&ColumnOption> {
    match operation {
        AlterTableOperation::AddColumn { column_def, .. } => column::doubtful(column_def),
        _ => None,
    }
}

fn removes(query: &Query) -> bool {
    let with = query.with.as_ref().map_or(&[][..], |with| &with.cte_tables);
    matches!(*query.body, SetExpr::Delete(_)) || with.iter().any(|table| removes(&table.query))
}
