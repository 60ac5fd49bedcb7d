//! What a sender is answered: receipts, readings back, marked-up workbooks.
