//! A tenant's slug.

use super::{NameError, RESERVED_SLUGS, label};

label::label_type!(
    /// A tenant's name: `metadata.name` of its resource, at most 24 characters, immutable.
    ///
    /// ```
    /// use plexica_contract::name::Slug;
    /// let slug: Slug = "acme-corp".parse()?;
    /// assert_eq!(slug.as_str(), "acme-corp");
    /// assert!("acme-plugin-corp".parse::<Slug>().is_err());
    /// # Ok::<(), plexica_contract::name::NameError>(())
    /// ```
    Slug,
    |text| {
        label::check(text)?;
        if RESERVED_SLUGS.contains(&text) { Err(NameError::Reserved) } else { Ok(()) }
    }
);
