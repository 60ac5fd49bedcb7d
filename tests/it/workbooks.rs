//! XLSX, XLS, XLSB and ODS as agencies write them.
