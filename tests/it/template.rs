//! A workbook made from the contract keeps the contract.
