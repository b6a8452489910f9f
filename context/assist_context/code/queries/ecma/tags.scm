; What JavaScript and TypeScript have in common.
(function_declaration name: (identifier) @name body: (_) @body) @def.function
(generator_function_declaration name: (identifier) @name body: (_) @body) @def.function
(method_definition name: [(property_identifier) (private_property_identifier)] @name body: (_) @body) @def.method
(lexical_declaration
  (variable_declarator name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @def.function
(variable_declaration
  (variable_declarator name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @def.function
(lexical_declaration
  (variable_declarator name: (identifier) @name value: (class body: (_) @body))) @def.class
(assignment_expression
  left: (member_expression) @path
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @def.function
(pair
  key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @def.method
(program (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name)) @def.constant)
(program
  (export_statement
    declaration: (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name)) @def.constant))
(program (lexical_declaration (variable_declarator name: (identifier) @name)) @def.variable)
(program (variable_declaration (variable_declarator name: (identifier) @name)) @def.variable)
(program
  (export_statement
    declaration: (lexical_declaration (variable_declarator name: (identifier) @name)) @def.variable))
(export_statement declaration: (_ name: (_) @name)) @outer
(export_statement declaration: (_ (variable_declarator name: (identifier) @name))) @outer

(call_expression function: (identifier) @ref)
(call_expression function: (member_expression property: (property_identifier) @ref))
(new_expression constructor: (identifier) @ref)
(new_expression constructor: (member_expression property: (property_identifier) @ref))
(member_expression object: (identifier) @ref.upper)
(decorator (identifier) @ref)

(import_statement source: (string) @module) @import
(import_statement (import_clause (identifier) @import.name) source: (string) @module) @import
(import_statement (import_clause (namespace_import) @all) source: (string) @module) @import
(import_statement
  (import_clause (named_imports (import_specifier name: (_) @import.name)))
  source: (string) @module) @import
(export_statement "*" @all source: (string) @module) @import
(export_statement
  (export_clause (export_specifier name: (_) @import.name)) source: (string) @module) @import
((call_expression function: (identifier) @_call arguments: (arguments . (string) @module)) @import
  (#eq? @_call "require"))
(call_expression function: (import) arguments: (arguments . (string) @module)) @import
((variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @import.name)
  value: (call_expression function: (identifier) @_call arguments: (arguments . (string) @module))) @import
  (#eq? @_call "require"))

(comment) @comment
