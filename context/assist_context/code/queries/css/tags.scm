; CSS: rules by their selectors, and custom properties.
(rule_set (selectors) @name (block) @body) @def.rule
(keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @def.keyframes
((declaration (property_name) @name) @def.variable (#match? @name "^--"))
((plain_value) @ref (#match? @ref "^--"))
(import_statement (string_value) @module.file) @import
(import_statement (call_expression (arguments (string_value) @module.file))) @import
(comment) @comment
