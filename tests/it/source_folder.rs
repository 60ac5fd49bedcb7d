//! Drop folders with marker files and a folder for each agency.
