//! Large files in little memory, many small ones in little time.
