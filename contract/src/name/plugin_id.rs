//! A plugin's id.

use super::label;

label::label_type!(
    /// A plugin's id: its route, its schema's ending, the first segment of its permission keys.
    /// At most 24 characters.
    PluginId,
    label::check
);
