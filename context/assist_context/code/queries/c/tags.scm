; C, and the part of C++ that it shares. A prototype is a function that is defined elsewhere.
(function_definition
  declarator: (function_declarator declarator: (identifier) @name) body: (_) @body) @def.function
(function_definition
  declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
  body: (_) @body) @def.function
(function_definition
  declarator: (pointer_declarator
    declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name)))
  body: (_) @body) @def.function
(declaration declarator: (function_declarator declarator: (identifier) @name)) @def.prototype
(declaration
  declarator: (pointer_declarator
    declarator: (function_declarator declarator: (identifier) @name))) @def.prototype
(type_definition
  type: (struct_specifier body: (_) @body) declarator: (type_identifier) @name) @def.struct
(type_definition
  type: (union_specifier body: (_) @body) declarator: (type_identifier) @name) @def.struct
(type_definition
  type: (enum_specifier body: (_) @body) declarator: (type_identifier) @name) @def.enum
(type_definition declarator: (type_identifier) @name) @def.type
(type_definition
  declarator: (function_declarator
    declarator: (parenthesized_declarator
      (pointer_declarator declarator: (type_identifier) @name)))) @def.type
(struct_specifier name: (type_identifier) @name body: (_) @body) @def.struct
(union_specifier name: (type_identifier) @name body: (_) @body) @def.struct
(enum_specifier name: (type_identifier) @name body: (_) @body) @def.enum
(enumerator name: (identifier) @name) @def.constant
(field_declaration declarator: (field_identifier) @name) @def.field
(field_declaration declarator: (pointer_declarator declarator: (field_identifier) @name)) @def.field
(field_declaration declarator: (array_declarator declarator: (field_identifier) @name)) @def.field
(field_declaration
  declarator: (function_declarator
    declarator: (parenthesized_declarator
      (pointer_declarator declarator: (field_identifier) @name)))) @def.field
(preproc_def name: (identifier) @name) @def.macro
(preproc_function_def name: (identifier) @name) @def.macro
(declaration declarator: (identifier) @name) @def.variable
(declaration declarator: (pointer_declarator declarator: (identifier) @name)) @def.variable
(declaration declarator: (array_declarator declarator: (identifier) @name)) @def.variable
(declaration declarator: (init_declarator declarator: (identifier) @name)) @def.variable
(declaration
  declarator: (init_declarator declarator: (pointer_declarator declarator: (identifier) @name))) @def.variable
(declaration
  declarator: (init_declarator declarator: (array_declarator declarator: (identifier) @name))) @def.variable
(declaration
  declarator: (init_declarator
    declarator: (pointer_declarator declarator: (array_declarator declarator: (identifier) @name)))) @def.variable

(call_expression function: (identifier) @ref)
(call_expression function: (field_expression field: (field_identifier) @ref))
(type_identifier) @ref

(preproc_include path: (string_literal) @module.file) @import
(preproc_include path: (system_lib_string) @module) @import

(comment) @comment
