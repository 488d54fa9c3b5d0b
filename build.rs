//! Link flags of the backend library.

fn main() {
    // The SQL description that pgrx leaves in the library is referred to by nothing, so the linker
    // would drop it, and with it the install script.
    println!("cargo::rustc-link-arg-cdylib=-Wl,--no-gc-sections");
    println!("cargo::rerun-if-changed=build.rs");
}
