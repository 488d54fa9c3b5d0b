//! Link flags of the backend library.

fn main() {
    // The SQL description that pgrx leaves in the library is referred to by nothing. LLD, which is the linker for x86-64, keeps it;
    // others may drop it, and with it the install script, unless they keep everything: twice as much, which each backend loads.
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("x86_64") {
        println!("cargo::rustc-link-arg-cdylib=-Wl,--no-gc-sections");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
