//! Nothing; the tests are in `langchain.rs`.
