//! Returns that come by mail.
