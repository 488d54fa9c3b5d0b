//! What the engine and its jobs may do with files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::landlock::Allowed;
use crate::options::{Files, ServeOptions};

/// Where libraries, locales and time zones are, and what is asked about the machine.
const OF_SYSTEM: &[&str] = &[
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup",
];
/// What GPU drivers read besides: about devices, and libraries that they load when they are first needed.
const OF_DRIVERS: &[&str] = &[
    "/etc/OpenCL",
    "/etc/nvidia",
    "/etc/vulkan",
    "/opt",
    "/proc/devices",
    "/proc/driver",
    "/proc/modules",
    "/proc/sys/vm",
    "/sys/bus",
    "/sys/class",
    "/sys/dev",
    "/sys/devices",
    "/sys/kernel/mm",
    "/sys/module",
    "/usr/local",
    "/usr/share/egl",
    "/usr/share/glvnd",
    "/usr/share/nvidia",
    "/usr/share/vulkan",
];
/// Folders of devices; those of NVIDIA lie in `/dev` itself.
const DEVICES: &[&str] = &["/dev/dri", "/dev/dxg", "/dev/kfd"];

/// Folders in the engine's directory in which it, or a GPU's driver, makes files. Nothing else is writeable.
pub const OWN: [&str; 3] = ["cache", "quarantine", JIT];
/// Where a GPU's driver keeps what it compiled.
pub const JIT: &str = "jit";

/// The engine's places.
pub fn of_engine(options: &ServeOptions, gpu: bool) -> Allowed {
    let mut allowed = of_job(&options.files);
    // The number of processors that the control group allows.
    allowed.read.push("/proc/self".into());
    allowed.write.extend(OWN.map(|name| options.directory.join(name)));
    // Jobs are this program once more, and the dynamic loader starts with it: its folder, because an update of the system
    // puts another file in its place.
    allowed.execute.push("/proc/self/exe".into());
    allowed.execute.extend(mapped().iter().filter(|file| is_loader(file)).filter_map(|file| folder(file)));
    if gpu {
        allowed.read.extend(OF_DRIVERS.iter().map(PathBuf::from));
        allowed.devices.extend(DEVICES.iter().map(PathBuf::from));
        let nodes = fs::read_dir("/dev").into_iter().flatten().flatten();
        let of_nvidia = nodes.filter(|node| node.file_name().to_string_lossy().starts_with("nvidia"));
        allowed.devices.extend(of_nvidia.map(|node| node.path()));
    }
    allowed
}

/// A job's places: it has its input and output from the engine and needs only libraries, and the built-in models.
pub fn of_job(files: &Files) -> Allowed {
    let mut read: Vec<PathBuf> = OF_SYSTEM.iter().map(PathBuf::from).collect();
    // Where this system keeps the libraries that the program was linked with.
    let folders: BTreeSet<PathBuf> = mapped().iter().filter_map(|file| folder(file)).collect();
    read.extend(folders);
    read.extend(folder_of(&files.runtime));
    read.push(files.models.clone());
    Allowed { read, ..Allowed::default() }
}

/// The folder of a file, by the name given and by its real one.
fn folder_of(file: &Path) -> Vec<PathBuf> {
    let real = fs::canonicalize(file).ok();
    [Some(file.to_owned()), real].into_iter().flatten().filter_map(|file| folder(&file)).collect()
}

/// The folder of a file, unless it is the working directory or the root, beneath which everything is.
fn folder(file: &Path) -> Option<PathBuf> {
    let parent = file.parent()?;
    (parent.parent().is_some()).then(|| parent.to_owned())
}

/// The program, its libraries and the dynamic loader: what this process has mapped to run it.
fn mapped() -> BTreeSet<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    // Address, rights, offset, device, inode, and the file's name, which may hold spaces.
    let run = |line: &&str| line.split_ascii_whitespace().nth(1).is_some_and(|rights| rights.contains('x'));
    let file = |line: &str| line.find('/').and_then(|at| line.get(at..)).map(PathBuf::from);
    maps.lines().filter(run).filter_map(file).collect()
}

fn is_loader(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_and_the_libraries_are_found() {
        let loaders: Vec<_> = mapped().into_iter().filter(|file| is_loader(file)).collect();
        assert_eq!(loaders.len(), 1, "{loaders:?}");
        let files = Files { models: "m".into(), runtime: "r".into() };
        assert!(of_job(&files).read.iter().any(|folder| loaders[0].starts_with(folder)));
    }

    #[test]
    fn a_name_without_a_folder_opens_none() {
        assert!(folder_of(Path::new("no-such-library.so")).is_empty());
        assert!(folder_of(Path::new("/library.so")).is_empty());
        assert_eq!(folder_of(Path::new("/nowhere/library.so")), [PathBuf::from("/nowhere")]);
    }
}
