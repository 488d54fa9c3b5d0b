//! Acting as the extension's owner, with a pinned `search_path`.

use std::ffi::CStr;

use pgrx::pg_sys;

use crate::error::{Error, Result};

/// The role that calls, by name (the current user, which SET ROLE and SECURITY DEFINER functions change).
pub fn caller() -> String {
    // SAFETY: a plain getter.
    name_of(unsafe { pg_sys::GetUserId() })
}

/// The role that the session belongs to, by name.
pub fn session_role() -> String {
    // SAFETY: a plain getter.
    name_of(unsafe { pg_sys::GetSessionUserId() })
}

fn name_of(role: pg_sys::Oid) -> String {
    // SAFETY: called in a transaction; the name is palloc'ed and NUL-terminated.
    unsafe { CStr::from_ptr(pg_sys::GetUserNameFromId(role, false)).to_string_lossy().into_owned() }
}

/// Whether this database has altlas.
pub fn is_installed() -> bool {
    // SAFETY: a catalogue lookup with a NUL-terminated name.
    unsafe { pg_sys::get_extension_oid(c"altlas".as_ptr(), true) != pg_sys::InvalidOid }
}

/// The owner of altlas' tables.
fn owner() -> Result<pg_sys::Oid> {
    // SAFETY: catalogue lookups with NUL-terminated names; the tuple is released before anything else is done.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"altlas".as_ptr(), true);
        let table = pg_sys::get_relname_relid(c"model".as_ptr(), schema);
        let tuple =
            pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as i32, pg_sys::Datum::from(table));
        if tuple.is_null() {
            return Err(Error::Internal { message: "altlas is not installed in this database".into() });
        }
        let owner = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>()).relowner;
        pg_sys::ReleaseSysCache(tuple);
        Ok(owner)
    }
}

/// Runs `work` as the owner of altlas' tables. The caller's rights must have been checked: PostgreSQL did, when it let
/// the function be executed (EXECUTE is granted by level only).
pub fn with_owner<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _guard = Guard::enter(owner()?, 0);
    work()
}

/// Runs `work` as a role that is not logged in, in a security-restricted operation: nothing that it may do outlives it.
pub fn with_role<T>(role: pg_sys::Oid, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _guard = Guard::enter(role, pg_sys::SECURITY_RESTRICTED_OPERATION);
    work()
}

/// Whether the caller is the role of this name, a member of it, or a superuser.
pub fn has_rights_of(role: &str) -> bool {
    let Ok(name) = std::ffi::CString::new(role) else { return false };
    // SAFETY: catalogue lookups with a NUL-terminated name.
    unsafe {
        let me = pg_sys::GetUserId();
        let role = pg_sys::get_role_oid(name.as_ptr(), true);
        pg_sys::superuser_arg(me) || (role != pg_sys::InvalidOid && pg_sys::has_privs_of_role(me, role))
    }
}

/// Puts user, security context and settings back, also when `work` unwinds (then the transaction's end would, too).
struct Guard {
    user: pg_sys::Oid,
    context: i32,
    nest_level: i32,
}

impl Guard {
    fn enter(role: pg_sys::Oid, restriction: u32) -> Self {
        let (mut user, mut context) = (pg_sys::InvalidOid, 0);
        // SAFETY: what SECURITY DEFINER functions with SET search_path do. GUC_ACTION_SAVE is allowed in parallel workers.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            let nest_level = pg_sys::NewGUCNestLevel();
            let restriction = (pg_sys::SECURITY_LOCAL_USERID_CHANGE | restriction) as i32;
            pg_sys::SetUserIdAndSecContext(role, context | restriction);
            pg_sys::set_config_option(
                c"search_path".as_ptr(),
                c"pg_catalog, pg_temp".as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
            Self { user, context, nest_level }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // SAFETY: undoes `enter`, in the reverse order.
        unsafe {
            pg_sys::AtEOXact_GUC(true, self.nest_level);
            pg_sys::SetUserIdAndSecContext(self.user, self.context);
        }
    }
}
