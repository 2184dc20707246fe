//! Pages of a list, by keyset: a page begins after the last id of the one before, so it costs the
//! same however far one reads, and rows that come or go in between shift nothing.

use plexica_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const DEFAULT: u16 = 50;
const MOST: u16 = 200;

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many items at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paged<T> {
    /// The items, newest first.
    items: Vec<T>,
    /// Send it as `cursor` to get what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A [`Page`] that holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Window {
    limit: u16,
    /// Ids below this one. They are of version 7: newer is greater.
    pub(crate) before: Option<Uuid>,
}

impl Page {
    pub(crate) fn window(&self) -> Result<Window> {
        let limit = self.limit.unwrap_or(DEFAULT);
        let before = self.cursor.as_deref().map(str::parse::<Uuid>);
        let cursor_holds = !matches!(before, Some(Err(_)));
        Checks::new()
            .require((1..=MOST).contains(&limit), "limit", format!("must be from 1 to {MOST}"))
            .require(cursor_holds, "cursor", "must be the nextCursor of an earlier page")
            .done()?;
        Ok(Window { limit, before: before.and_then(Result::ok) })
    }
}

impl Window {
    /// How many rows to ask for: one more than the page has, to know whether something follows.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page of these rows.
    pub(crate) fn page<T>(&self, mut rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Paged<T> {
        let more = rows.len() > usize::from(self.limit);
        rows.truncate(self.limit.into());
        let next_cursor = rows.last().filter(|_| more).map(|row| id(row).simple().to_string());
        Paged { items: rows, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_cursors() {
        let id = Uuid::now_v7();
        for (limit, cursor, expected) in [
            (None, None, Some((50, None))),
            (Some(200), Some(id.simple().to_string()), Some((200, Some(id)))),
            (Some(0), None, None),
            (Some(201), None, None),
            (None, Some("yesterday".to_owned()), None),
        ] {
            let window = Page { limit, cursor }.window().ok().map(|window| (window.limit, window.before));
            assert_eq!(window, expected);
        }
    }

    #[test]
    fn a_cursor_only_when_something_follows() {
        let window = Window { limit: 2, before: None };
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let page = window.page(ids.clone(), |id| *id);
        assert_eq!((page.items.len(), page.next_cursor), (2, Some(ids[1].simple().to_string())));
        let page = window.page(ids[..2].to_vec(), |id| *id);
        assert_eq!((page.items.len(), page.next_cursor), (2, None));
    }
}
