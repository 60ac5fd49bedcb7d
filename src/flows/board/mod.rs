//! board
pub mod agencies;
pub struct Board {}
impl Board {
    pub fn return_title(&self, _: &crate::domain::ReturnId) -> String {
        String::new()
    }
    pub fn agency_name(&self, _: &crate::domain::AgencyId) -> String {
        String::new()
    }
}
