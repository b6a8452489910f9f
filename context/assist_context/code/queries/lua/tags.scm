; Lua.
(function_declaration name: (identifier) @name body: (block) @body) @def.function
(function_declaration name: (identifier) @name) @def.function
(function_declaration name: [(dot_index_expression) (method_index_expression)] @path body: (block) @body) @def.function
(function_declaration name: [(dot_index_expression) (method_index_expression)] @path) @def.function
(variable_declaration
  (assignment_statement
    (variable_list name: (identifier) @name)
    (expression_list value: (function_definition body: (block) @body)))) @def.function
(assignment_statement
  (variable_list name: (dot_index_expression) @path)
  (expression_list value: (function_definition body: (block) @body))) @def.function
(field name: (identifier) @name value: (function_definition body: (block) @body)) @def.function
(chunk (variable_declaration (assignment_statement (variable_list name: (identifier) @name))) @def.variable)

(function_call name: (identifier) @ref)
(function_call name: (dot_index_expression field: (identifier) @ref))
(function_call name: (method_index_expression method: (identifier) @ref))

((function_call name: (identifier) @_call arguments: (arguments . (string) @module)) @import
  (#eq? @_call "require"))

(comment) @comment
