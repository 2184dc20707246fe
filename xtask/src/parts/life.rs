//! Starting and stopping parts that several checkouts share.

use super::Part;
use crate::cache::{Cache, Lock};
use crate::error::Result;
use crate::files;
use crate::state::{Owner, Start, State};

/// Starts a part and what it needs, unless it runs.
pub fn up(part: Part, cache: &Cache, owner: Owner) -> Result<State> {
    if let Some(needed) = part.needs() {
        up(needed, cache, owner)?;
    }
    let _lock = part.lock(cache)?;
    let folder = part.folder(cache);
    if let Some(mut state) = State::load(&folder)? {
        if state.alive() {
            if owner == Owner::Person && state.owner == Owner::Test {
                state.owner = owner;
                state.save(&folder)?;
            }
            return Ok(state);
        }
        eprintln!("{part}: it ended by itself; starting it again");
        state.stop(part.signal());
        part.clean(cache)?;
    }
    let begun = std::time::Instant::now();
    let state = part.start(cache, Start::new(&folder, part.ports()?)?, owner)?;
    eprintln!("{part}: ready after {:.1} s", begun.elapsed().as_secs_f32());
    Ok(state)
}

/// Stops a part and what needs it, and removes its data.
pub fn down(part: Part, cache: &Cache) -> Result<()> {
    for other in Part::ALL {
        if other.needs() == Some(part) {
            down(other, cache)?;
        }
    }
    let _lock = part.lock(cache)?;
    let folder = part.folder(cache);
    if let Some(state) = State::load(&folder)? {
        state.stop(part.signal());
        part.clean(cache)?;
        eprintln!("{part}: stopped");
    }
    files::remove(&folder)
}

/// The state of a part that runs.
pub fn running(part: Part, cache: &Cache) -> Result<Option<State>> {
    Ok(State::load(&part.folder(cache))?.filter(State::alive))
}

/// Marks a part as in use by this process, so that another's tests do not stop it.
pub fn hold(part: Part, cache: &Cache) -> Result<Lock> {
    Lock::share(&part.in_use(cache))
}

/// Stops a part that tests started, when no other tests hold it.
pub fn release(part: Part, cache: &Cache) -> Result<()> {
    let owned = running(part, cache)?.is_some_and(|state| state.owner == Owner::Test);
    if owned && Lock::try_take(&part.in_use(cache))?.is_some() {
        down(part, cache)?;
    }
    Ok(())
}
