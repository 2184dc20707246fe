//! A look at an install that writes nothing but what it would do.

use jiff::Timestamp;
use plexica_crds::{PluginInstall, PluginInstallStatus};

use super::{foresee::foresee, words};
use crate::{
    context::Context,
    foresee::beside,
    plugin_install::{needed::needed, observe::references, validate::validate},
    problem::{Problem, Remedy},
};

/// The status of an install for which nothing is done, because of its own annotation or its tenant's: what would
/// be. And what kept it from being known.
pub async fn tell(context: &Context, install: &PluginInstall) -> (PluginInstallStatus, Option<Problem>) {
    let references = references(context, install);
    let (told, problems) = match validate(install, &references, &context.settings) {
        _ if install.metadata.deletion_timestamp.is_some() => {
            (words::removed(install, needed(install, &references, &context.settings).as_ref()), Vec::new())
        }
        Ok(valid) => {
            let ahead = Box::pin(foresee(context, install, &valid)).await;
            (words::done(install, &beside(install, &valid, &references), &ahead), ahead.problems)
        }
        Err(problem) => (words::refused(&problem), Vec::new()),
    };
    let unseen = problems.into_iter().find(|problem| problem.remedy() == Remedy::Retry);
    (words::status(install, &told, Timestamp::now()), unseen)
}
