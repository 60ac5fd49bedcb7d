//! Workbooks that hold several periods.
