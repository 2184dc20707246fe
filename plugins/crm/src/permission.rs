//! What the routes ask for. The manifest learns of them from the routes.

plexica_sdk::permissions! {
    /// May see contacts.
    pub ContactsRead = "crm:contacts:read", "Read contacts", ["user", "admin"];
    /// May add, change and remove contacts.
    pub ContactsWrite = "crm:contacts:write", "Change contacts", ["user", "admin"];
    /// May see deals.
    pub DealsRead = "crm:deals:read", "Read deals", ["user", "admin"];
    /// May add, change and remove deals.
    pub DealsWrite = "crm:deals:write", "Change deals", ["user", "admin"];
}
