; Bash.
(function_definition name: (word) @name body: (_) @body) @def.function
(program (variable_assignment name: (variable_name) @name) @def.variable)
(program (declaration_command (variable_assignment name: (variable_name) @name)) @def.variable)

(command name: (command_name (word) @ref))

((command name: (command_name (word) @_call) . argument: (_) @module.file) @import
  (#any-of? @_call "source" "."))

(comment) @comment
