//! Files inside zip, gzip and zstd; files encrypted with age and OpenPGP.
