//! Empty library; the tests are in `langchain.rs`.
