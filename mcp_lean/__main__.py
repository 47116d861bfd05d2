from mcp_lean.cli.main import main

raise SystemExit(main())
