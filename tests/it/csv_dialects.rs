//! CSV as agencies write it.
