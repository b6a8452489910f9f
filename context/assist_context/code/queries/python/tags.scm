; Python. If two patterns have the same name node, the first one decides the kind.
(class_definition name: (identifier) @name body: (block) @body) @def.class
(function_definition name: (identifier) @name body: (block) @body) @def.function
(type_alias_statement left: (type (identifier) @name)) @def.type
(decorated_definition definition: (_ name: (identifier) @name)) @outer
(class_definition name: (identifier) @name body: (block . (expression_statement (string) @doc)))
(function_definition name: (identifier) @name body: (block . (expression_statement (string) @doc)))
(expression_statement (assignment left: (identifier) @name)) @def.assigned

(call function: (identifier) @ref)
(call function: (attribute attribute: (identifier) @ref))
(decorator (identifier) @ref)
(decorator (attribute attribute: (identifier) @ref))
(class_definition superclasses: (argument_list (identifier) @ref))
(class_definition superclasses: (argument_list (attribute attribute: (identifier) @ref)))
(class_definition superclasses: (argument_list (subscript value: (identifier) @ref)))
(type (identifier) @ref)
(type (attribute attribute: (identifier) @ref))
(type (generic_type (identifier) @ref))
(type (subscript value: (identifier) @ref))
(type (binary_operator (identifier) @ref))
(except_clause (identifier) @ref)
(except_clause (as_pattern (identifier) @ref))
(except_clause (as_pattern (tuple (identifier) @ref)))
(except_clause (tuple (identifier) @ref))
(raise_statement (identifier) @ref)
(attribute object: (identifier) @ref.upper)

(import_statement name: (dotted_name) @module) @import
(import_statement name: (aliased_import name: (dotted_name) @module)) @import
(import_from_statement module_name: (_) @module.dots name: (dotted_name) @import.name) @import
(import_from_statement
  module_name: (_) @module.dots
  name: (aliased_import name: (dotted_name) @import.name)) @import
(import_from_statement module_name: (_) @module.dots (wildcard_import) @all) @import

(comment) @comment
