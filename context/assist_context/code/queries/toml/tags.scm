; TOML: tables and keys.
(table . (_) @name) @def.section
(table_array_element . (_) @name) @def.section
(document (pair . (_) @name) @def.key)
(table (pair . (_) @name) @def.key)
(table_array_element (pair . (_) @name) @def.key)
(comment) @comment
