use super::typeset::set;
use super::{manuscript, sample};
use crate::analysis::Class;

#[test]
fn the_sample_can_be_set() {
    let indicators = sample::indicators();

    let figures = (Class::Public, indicators.as_slice());
    let manuscript = manuscript(&sample::definition(), figures, &sample::record(), &sample::imprint()).unwrap();
    let folder = std::path::Path::new("/tmp/pack-sample");
    for (name, bytes) in &manuscript.files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let started = std::time::Instant::now();
    let set = set(manuscript).unwrap();
    eprintln!("{:?} {:?}", started.elapsed(), set.warnings);
    std::fs::write("/tmp/pack-sample/board.pdf", set.pdf).unwrap();
}
